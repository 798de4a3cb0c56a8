import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Server as NetServer } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { AnswersPlainly } from './http/plain-answer.ts'
import { Turns } from './http/turns.ts'
import { ShortWay } from './short-way.ts'
import { usersMePaths } from './users-me/users-me.ts'

const SECOND = 1000
/** How long a connection may rest; longer than load balancers keep theirs. */
const KEEP_ALIVE = 65 * SECOND

/** What answers requests: `answerDirectly` first, and what it leaves, `fetch`. */
export interface Served {
  fetch(request: Request, env: { incoming: IncomingMessage }): Promise<Response>
  answerDirectly(incoming: IncomingMessage, outgoing: ServerResponse): boolean
  /** What is answered without `node:http`. */
  readonly answersPlainly?: AnswersPlainly
}

/** A listening address whose requests wait until they are served. */
export interface Listener {
  readonly port: number
  /** From now on requests are answered by what is given. */
  serve(served: Served): void
  /**
   * Takes no new connections, finishes the requests begun (within ten seconds), and resolves.
   * @param idleGrace milliseconds for which connections that rest may still bring a request, whose answer closes them:
   * a client that sends one at this moment would otherwise find its connection cut
   */
  close(idleGrace?: number): Promise<void>
}

/** A port that cannot be listened on, with a sentence that says why. */
export class ListenError extends Error {
  override name = 'ListenError'
}

/** How long a request may take to arrive, in milliseconds. */
export interface ArrivalLimits {
  headers: number
  whole: number
  /** Between two looks at who is late: nobody is cut later than by so much. */
  checkEvery: number
}

export const arrivalLimits: ArrivalLimits = { headers: 10 * SECOND, whole: 30 * SECOND, checkEvery: SECOND }

/**
 * Listens with limits on headers (16 KiB) and on how long a request may take to arrive.
 * @param port 0 for any free one
 * @throws {ListenError}
 */
export async function listen(host: string, port: number, arrival: ArrivalLimits = arrivalLimits): Promise<Listener> {
  let served: Served | undefined
  let closing = false
  const waiting = Promise.withResolvers<void>()
  const listener = getRequestListener(async (request, env) => {
    await waiting.promise
    return served!.fetch(request, env as { incoming: IncomingMessage })
  })
  const limits = {
    maxHeaderSize: 16 * 1024,
    headersTimeout: arrival.headers,
    requestTimeout: arrival.whole,
    connectionsCheckingInterval: arrival.checkEvery,
    // A repeated header is seen as one, not dropped.
    joinDuplicateHeaders: true,
  }
  const turns = new Turns()
  const server = createServer(limits, (incoming, outgoing) => {
    if (closing) outgoing.shouldKeepAlive = false
    if (served?.answerDirectly(incoming, outgoing)) return
    if (isBrief(incoming)) listener(incoming, outgoing)
    else turns.take(() => outgoing.destroyed || listener(incoming, outgoing))
  })
  server.keepAliveTimeout = KEEP_ALIVE
  // Bun has no JavaScript between a connection and its requests.
  const shortWay = process.versions.bun
    ? undefined
    : new ShortWay(server, { firstTimeout: limits.headersTimeout, idleTimeout: KEEP_ALIVE })
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(explain(error as NodeJS.ErrnoException, host, port)))
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as { port: number }).port,
    serve(given) {
      served = given
      if (given.answersPlainly) shortWay?.serve(given.answersPlainly)
      waiting.resolve()
    },
    close(idleGrace = 0) {
      closing = true
      shortWay?.beginClosing()
      return closeGracefully(server, shortWay, idleGrace)
    },
  }
}

/** Whether it is what everybody asks for all the time. */
function isBrief({ method, url = '' }: IncomingMessage): boolean {
  return method === 'GET' && usersMePaths.includes(url.split('?', 1)[0]!)
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  if (error.code === 'EADDRINUSE') {
    return new ListenError(`Port ${port} on ${host} is taken. Choose another with --port, or stop what uses it.`)
  }
  if (error.code === 'EACCES') return new ListenError(`Port ${port} needs more rights. Choose one above 1023.`)
  return new ListenError(`Cannot listen on ${host}, port ${port}: ${error.message}.`)
}

async function closeGracefully(server: Server, shortWay: ShortWay | undefined, idleGrace: number): Promise<void> {
  const closed = new Promise<void>(resolve => {
    if (process.versions.bun) server.close(() => resolve())
    // Of the kind that only stops listening: HTTP's own cuts the connections that rest.
    else NetServer.prototype.close.call(server, () => resolve())
  })
  // Connections become idle one by one as their answers go out.
  let sweep: NodeJS.Timeout | undefined
  const closeIdle = () => {
    shortWay?.closeIdleConnections()
    server.closeIdleConnections()
  }
  const grace = setTimeout(() => {
    closeIdle()
    sweep = setInterval(closeIdle, 50)
  }, idleGrace)
  const patience = setTimeout(() => {
    shortWay?.closeAllConnections()
    server.closeAllConnections()
  }, 10 * SECOND)
  await closed
  clearTimeout(grace)
  clearInterval(sweep)
  clearTimeout(patience)
  server.close()
}
