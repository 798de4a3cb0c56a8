import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { DirectRoute, HotResponse, HotRoute } from '../http/hot-route.ts'
import { type MaybePromise, whenReady } from '../store/maybe-promise.ts'
import { COST, FairQueue } from './fair-queue.ts'
import { type RawGetReader, readRawDirect } from './raw-request.ts'
import { type RawResponse, RawResponseWriter } from './raw-response.ts'

/** Of a raw connection's socket. */
type Peer = Pick<Socket, 'remoteAddress' | 'destroyed'>

/** What a raw connection's requests are read and answered with. */
export interface RawSource {
  reader: RawGetReader
  peer: Peer
  /** Whether connections end with their response, when it is written. */
  isClosing(): boolean
}

/** Answers hot routes, from a raw connection or in a `node:http` server, and direct routes from a raw connection. */
export class HotRoutes {
  readonly #routes: ReadonlyMap<string, HotRoute>
  /** By their methods and paths. */
  readonly #direct: ReadonlyMap<string, DirectRoute>
  readonly #queue: FairQueue
  readonly #writer = new RawResponseWriter()
  readonly #directWriter = new RawResponseWriter()

  /** @param queue in which direct routes take their turn */
  constructor(routes: readonly HotRoute[], direct: readonly DirectRoute[] = [], queue = new FairQueue()) {
    this.#routes = new Map(routes.flatMap(route => [...route.paths].map(path => [path, route] as const)))
    this.#direct = new Map(
      direct.flatMap(route => [...route.paths].map(path => [`${route.method} ${path}`, route] as const)),
    )
    this.#queue = queue
  }

  /** Whether a request is for one of these routes. */
  matches({ method, url = '' }: IncomingMessage): boolean {
    return method === 'GET' && this.#routes.has(pathOf(url))
  }

  /**
   * @param bytes a chunk that arrived on a connection
   * @param beganBeforeTurn as in {@link HotRequest}
   * @returns undefined unless the chunk is exactly one request for one of these routes
   */
  respondRaw(
    bytes: Buffer,
    beganBeforeTurn: boolean,
    { reader, peer, isClosing }: RawSource,
  ): MaybePromise<RawResponse> | undefined {
    const request = bytes[0] === LETTER_P ? undefined : reader.read(bytes, this.#routes)
    if (!request) return this.#respondDirectly(bytes, isClosing, peer)
    request.beganBeforeTurn = beganBeforeTurn
    const response = this.#routes.get(request.path)!.respond(request)
    if (response === undefined) return undefined
    if (response instanceof Promise) return response.then(later => this.#writer.write(later, isClosing()))
    return this.#writer.write(response, isClosing())
  }

  #respondDirectly(bytes: Buffer, isClosing: () => boolean, peer: Peer): Promise<RawResponse> | undefined {
    const request = readRawDirect(bytes, this.#direct)
    if (!request) return undefined
    const route = this.#direct.get(`${request.method} ${request.path}`)!
    return new Promise(resolve => {
      const begin = () => {
        if (peer.destroyed) return
        const response = route.respond({ ...request, socket: peer })
        resolve(response.then(ready => this.#directWriter.write(ready, isClosing())))
      }
      this.#queue.add(begin, COST.direct)
    })
  }

  /** Answers a request of `node:http`, unless it is for another route or only the full route can answer it. */
  respondTo(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const { method, url = '', headers, rawHeaders } = incoming
    if (method !== 'GET' || countAuthorizations(rawHeaders) > 1) return false
    const path = pathOf(url)
    const response = this.#routes
      .get(path)
      ?.respond({ path, authorization: headers.authorization, traceparent: headers.traceparent as string | undefined })
    if (!response) return false
    void whenReady(response, ready => write(ready, outgoing))
    return true
  }
}

const LETTER_P = 'P'.charCodeAt(0)

function write({ status, headers, requestId, body }: HotResponse, outgoing: ServerResponse) {
  if (outgoing.destroyed) return
  outgoing.writeHead(status, { ...headers, 'X-Request-Id': requestId, 'Content-Length': body.length })
  outgoing.end(body.text)
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

/** Without `joinDuplicateHeaders`, Node keeps the first of a repeated header and drops the rest. */
function countAuthorizations(rawHeaders: readonly string[]): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    if (name.length === 'authorization'.length && name.toLowerCase() === 'authorization') count += 1
  }
  return count
}
