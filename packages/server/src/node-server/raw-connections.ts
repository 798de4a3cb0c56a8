import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { HotRoutes } from './hot-routes.ts'
import type { RawResponse } from './raw-response.ts'

export interface RawConnectionsOptions {
  /** Milliseconds until a new connection must have sent something. */
  firstTimeout: number
  /** Milliseconds until an idle connection is closed. */
  idleTimeout: number
}

/**
 * The fast path: answers hot routes on a server's connections without `node:http`, its parser and its objects. As soon as
 * anything else arrives, the connection is handed over to `node:http` for good, with the bytes that arrived.
 */
export class RawConnections {
  readonly #options: RawConnectionsOptions
  readonly #handOver: (socket: Socket) => void
  readonly #connections = new Set<RawConnection>()
  #routes: HotRoutes | undefined
  #isClosing = false

  /** Takes a server's new connections before the server does. */
  constructor(server: Server, options: RawConnectionsOptions) {
    this.#options = options
    const listeners = server.listeners('connection') as ((socket: Socket) => void)[]
    server.removeAllListeners('connection')
    this.#handOver = socket => {
      for (const listener of listeners) listener.call(server, socket)
    }
    server.on('connection', (socket: Socket) => this.#take(socket))
  }

  serve(routes: HotRoutes) {
    this.#routes = routes
  }

  /** From now on each response closes its connection. */
  beginClosing() {
    this.#isClosing = true
  }

  /** Responses are written at once: a connection is idle unless its client has not read the last one. */
  closeIdleConnections() {
    for (const { socket } of this.#connections) if (socket.writableLength === 0) socket.destroy()
  }

  closeAllConnections() {
    for (const { socket } of this.#connections) socket.destroy()
  }

  #take(socket: Socket) {
    const connection = new RawConnection(socket, this.#options, {
      respond: bytes => this.#respond(socket, bytes),
      onUnhandled: bytes => {
        this.#connections.delete(connection)
        this.#handOver(socket)
        socket.emit('data', bytes)
      },
      onClose: () => this.#connections.delete(connection),
    })
    this.#connections.add(connection)
  }

  #respond(socket: Socket, bytes: Buffer): boolean {
    const isLast = this.#isClosing
    const response = this.#routes?.respondRaw(bytes, isLast)
    if (!response) return false
    write(socket, response, isLast)
    return true
  }
}

interface RawConnectionEvents {
  /** Whether the chunk was answered. */
  respond(bytes: Buffer): boolean
  /** The chunk was not answered; the connection listens no more. */
  onUnhandled(bytes: Buffer): void
  onClose(): void
}

/** A connection while it is on the fast path. */
class RawConnection {
  readonly socket: Socket
  readonly #idleTimeout: number
  readonly #events: RawConnectionEvents
  #isFirst = true

  constructor(socket: Socket, { firstTimeout, idleTimeout }: RawConnectionsOptions, events: RawConnectionEvents) {
    this.socket = socket
    this.#idleTimeout = idleTimeout
    this.#events = events
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onFailure)
    socket.on('timeout', this.#onFailure)
    socket.on('close', this.#onClose)
    socket.setTimeout(firstTimeout)
  }

  readonly #onData = (bytes: Buffer) => {
    if (this.#isFirst) this.socket.setTimeout(this.#idleTimeout)
    this.#isFirst = false
    if (this.#events.respond(bytes)) return
    this.#detach()
    this.#events.onUnhandled(bytes)
  }

  /** As in `node:http`, the client may end its side first and still gets its responses. */
  readonly #onEnd = () => this.socket.end()
  readonly #onFailure = () => this.socket.destroy()
  readonly #onClose = () => this.#events.onClose()

  #detach() {
    this.socket.off('data', this.#onData)
    this.socket.off('end', this.#onEnd)
    this.socket.off('error', this.#onFailure)
    this.socket.off('timeout', this.#onFailure)
    this.socket.off('close', this.#onClose)
    this.socket.setTimeout(0)
  }
}

function write(socket: Socket, { text, encoding }: RawResponse, isLast: boolean) {
  if (isLast) {
    socket.end(text, encoding)
    return
  }
  if (socket.write(text, encoding)) return
  // A client that sends requests and does not read responses is not read from either.
  socket.pause()
  socket.once('drain', () => socket.resume())
}
