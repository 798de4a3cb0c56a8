import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import { Server as NetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { getRequestListener } from '@hono/node-server'
import type { DirectRoute, HotRoute } from '../http/hot-route.ts'
import { mayBodyTakeLong } from '../http/long-bodies.ts'
import { nodeHttp, nodeHttps } from '../http/node-http.ts'
import { FairQueue } from './fair-queue.ts'
import { HotRoutes } from './hot-routes.ts'
import { RawConnections } from './raw-connections.ts'

const SECOND = 1000
/** How long an idle connection is kept open; longer than load balancers keep theirs. */
const KEEP_ALIVE_TIMEOUT = 65 * SECOND
/** How long requests that have begun may take once the server closes. */
const CLOSE_TIMEOUT = 10 * SECOND
/** Between two looks for connections that have become idle, while the server closes. */
const CLOSE_SWEEP = 50

/** A certificate with its chain, and its private key, both as PEM. */
export interface Certificate {
  cert: string
  key: string
}

/** What answers requests. */
export interface Served {
  fetch(request: Request, env: { incoming: IncomingMessage }): Promise<Response>
  /** Routes that are answered without `fetch` where that is possible. */
  readonly hotRoutes?: readonly HotRoute[]
  readonly directRoutes?: readonly DirectRoute[]
}

/** A listening address whose requests wait until there is something that answers them. */
export interface Listener {
  readonly port: number
  /** From now on requests are answered. */
  serve(served: Served): void
  /** New connections get this certificate; only for a listener that was given one. */
  replaceCertificate(certificate: Certificate): void
  /**
   * Accepts no new connections, finishes the requests that have begun (within ten seconds), and resolves.
   * @param idleGrace milliseconds for which idle connections may still send a request, whose response closes them: a
   * client that sends one at this moment would otherwise find its connection closed
   */
  close(idleGrace?: number): Promise<void>
}

/** A port that cannot be listened on, with a sentence that says why. */
export class ListenError extends Error {
  override name = 'ListenError'
}

/** How long a request may take to arrive, in milliseconds. */
export interface ArrivalTimeouts {
  headers: number
  whole: number
  /** Between two looks for requests that are late: none is closed later than by this. */
  checkEvery: number
}

export const arrivalTimeouts: ArrivalTimeouts = { headers: 10 * SECOND, whole: 30 * SECOND, checkEvery: SECOND }

/**
 * Listens with limits on headers (16 KiB) and on how long a request may take to arrive.
 * @param port 0 for any free one
 * @param options `certificate` where connections use TLS, 1.2 or newer
 * @throws {ListenError}
 */
export async function listen(
  host: string,
  port: number,
  {
    timeouts = arrivalTimeouts,
    certificate,
  }: { timeouts?: ArrivalTimeouts; certificate?: Certificate | undefined } = {},
): Promise<Listener> {
  let served: Served | undefined
  let hotRoutes = new HotRoutes([])
  let isClosing = false
  const isServed = Promise.withResolvers<void>()
  const listener = byFramework(async (request, env) => {
    await isServed.promise
    return served!.fetch(request, env)
  })
  const options = {
    maxHeaderSize: 16 * 1024,
    headersTimeout: timeouts.headers,
    requestTimeout: timeouts.whole,
    connectionsCheckingInterval: timeouts.checkEvery,
    // A repeated header is joined, not dropped.
    joinDuplicateHeaders: true,
  }
  const queue = new FairQueue()
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (isClosing) outgoing.shouldKeepAlive = false
    if (rawConnections) outgoing.once('close', () => rawConnections.responseEnded(incoming))
    if (hotRoutes.respondTo(incoming, outgoing)) return
    if (hotRoutes.matches(incoming)) listener(incoming, outgoing)
    else queue.add(() => outgoing.destroyed || listener(incoming, outgoing))
  }
  const tls = { ...certificate, minVersion: 'TLSv1.2', handshakeTimeout: timeouts.headers } as const
  const server = certificate
    ? nodeHttps().createServer({ ...options, ...tls }, answer)
    : nodeHttp.createServer(options, answer)
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT
  if (!process.versions.bun) server.on('clientError', refuseBrokenRequest)
  const rawConnections = takeRawConnections(server, timeouts)
  const sockets = trackSockets(server)
  await startListening(server, host, port)
  return {
    port: (server.address() as { port: number }).port,
    serve(given) {
      served = given
      hotRoutes = new HotRoutes(given.hotRoutes ?? [], given.directRoutes ?? [], queue)
      rawConnections?.serve(hotRoutes)
      isServed.resolve()
    },
    replaceCertificate(replacement) {
      ;(server as TlsServer).setSecureContext({ ...replacement, minVersion: 'TLSv1.2' })
    },
    close(idleGrace = 0) {
      isClosing = true
      rawConnections?.beginClosing()
      return closeGracefully(server, rawConnections, sockets, idleGrace)
    },
  }
}

/** Answers with a `Request` and a `Response`. What makes them is loaded for the first request that needs it: 15 MB resident. */
function byFramework(fetch: Served['fetch']): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  let listener: ReturnType<typeof getRequestListener> | undefined
  let loading: Promise<void> | undefined
  const load = async () => {
    const adapter = await import('@hono/node-server')
    listener = adapter.getRequestListener((request, env) => fetch(request, env as { incoming: IncomingMessage }))
  }
  return async (incoming, outgoing) => {
    try {
      if (!listener) {
        loading ??= load()
        await loading
      }
    } catch {
      // The program's files are being replaced, maybe: the next request tries again.
      loading = undefined
      outgoing.writeHead(503, { 'Retry-After': '2', 'Content-Length': 0 }).end()
      return
    }
    if (!outgoing.destroyed) await listener!(incoming, outgoing)
  }
}

const REFUSALS: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** As node:http does it by itself, but for bodies that may take long. */
function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex) {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && mayBodyTakeLong(socket)) return
  const { _httpMessage: answer } = socket as { _httpMessage?: ServerResponse }
  if (socket.writable && !answer?.headersSent) {
    socket.write(`HTTP/1.1 ${REFUSALS[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`)
  }
  socket.destroy(error)
}

/** All that are open, also those whose TLS handshake has not ended. */
function trackSockets(server: Server | TlsServer): Set<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}

/** Bun runs no JavaScript between a connection and its requests. */
function takeRawConnections(server: Server | TlsServer, timeouts: ArrivalTimeouts): RawConnections | undefined {
  if (process.versions.bun) return undefined
  return new RawConnections(server, { firstTimeout: timeouts.headers, idleTimeout: KEEP_ALIVE_TIMEOUT })
}

function startListening(server: Server | TlsServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(explain(error as NodeJS.ErrnoException, host, port)))
    server.listen(port, host, resolve)
  })
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  if (error.code === 'EADDRINUSE') {
    return new ListenError(
      `Port ${port} on ${host} is in use. Choose another with --port, or stop the program that uses it.`,
    )
  }
  if (error.code === 'EACCES') {
    return new ListenError(`Port ${port} needs more privileges. Choose a port above 1023 with --port.`)
  }
  return new ListenError(`Cannot listen on ${host}, port ${port}: ${error.message}.`)
}

async function closeGracefully(
  server: Server | TlsServer,
  rawConnections: RawConnections | undefined,
  sockets: ReadonlySet<Socket>,
  idleGrace: number,
): Promise<void> {
  const closed = new Promise<void>(resolve => {
    if (process.versions.bun) server.close(() => resolve())
    // The method of `net.Server` only stops listening; HTTP's own also closes idle connections.
    else NetServer.prototype.close.call(server, () => resolve())
  })
  // Connections become idle one by one as their responses are sent.
  let sweep: NodeJS.Timeout | undefined
  const closeIdle = () => {
    rawConnections?.closeIdleConnections()
    server.closeIdleConnections()
  }
  const grace = setTimeout(() => {
    closeIdle()
    sweep = setInterval(closeIdle, CLOSE_SWEEP)
  }, idleGrace)
  const timeout = setTimeout(() => {
    for (const socket of sockets) socket.destroy()
    server.closeAllConnections()
  }, CLOSE_TIMEOUT)
  await closed
  clearTimeout(grace)
  clearInterval(sweep)
  clearTimeout(timeout)
  server.close()
}
