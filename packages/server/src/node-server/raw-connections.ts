import type { IncomingMessage, Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HotRoutes } from './hot-routes.ts'
import { RawConnection, type RawConnectionOptions } from './raw-connection.ts'
import { RawGetReader } from './raw-request.ts'

/** How often it is looked for idle connections while one may be idle. */
const WATCHES = 10
/**
 * The most connections whose requests may share what is read once per turn of the event loop. With 1024 events at once
 * libuv asks again what has arrived, within the same turn.
 */
const MAX_SHARING = 900

/**
 * The fast path: answers hot routes on a server's connections without `node:http`, its parser and its objects. Everything
 * else is passed on to `node:http`; a connection comes back after each request whose end is certain.
 */
export class RawConnections {
  readonly #options: RawConnectionOptions
  readonly #isTls: boolean
  readonly #passOn: (stream: Duplex) => void
  readonly #connections = new Set<RawConnection>()
  /** While there are connections. */
  #watch: NodeJS.Timeout | undefined
  readonly #byStream = new WeakMap<object, RawConnection>()
  #routes: HotRoutes | undefined
  #isClosing = false
  readonly #isClosingNow = () => this.#isClosing

  /** Takes a server's new connections before the server does. */
  constructor(server: Server | TlsServer, options: RawConnectionOptions) {
    this.#options = options
    // With TLS, a connection is one once its handshake has ended.
    this.#isTls = 'setSecureContext' in server
    const event = this.#isTls ? 'secureConnection' : 'connection'
    const listeners = server.listeners(event) as ((stream: Duplex) => void)[]
    server.removeAllListeners(event)
    this.#passOn = stream => {
      for (const listener of listeners) listener.call(server, stream)
    }
    server.on(event, (socket: Socket) => this.#take(socket))
  }

  serve(routes: HotRoutes) {
    this.#routes = routes
  }

  /** The response to a request that `node:http` was given has been written. */
  responseEnded({ socket }: IncomingMessage) {
    this.#byStream.get(socket)?.responseEnded()
  }

  /** From now on each response closes its connection. */
  beginClosing() {
    this.#isClosing = true
  }

  closeIdleConnections() {
    for (const connection of this.#connections) if (connection.isIdle) connection.socket.destroy()
  }

  #take(socket: Socket) {
    // What is decrypted of one read may have been sent at different times.
    const isPlain = !this.#isTls
    const source = { reader: new RawGetReader(), peer: socket, isClosing: this.#isClosingNow }
    const connection: RawConnection = new RawConnection(socket, this.#options, {
      respond: (bytes, isDirect) =>
        this.#routes?.respondRaw(bytes, isDirect && isPlain && this.#connections.size <= MAX_SHARING, source),
      onHttpStream: stream => {
        this.#byStream.set(stream, connection)
        this.#passOn(stream)
      },
      onClose: () => this.#remove(connection),
    })
    this.#connections.add(connection)
    this.#watch ??= setInterval(() => this.#watchIdleness(), this.#options.idleTimeout / WATCHES).unref()
  }

  #remove(connection: RawConnection) {
    this.#connections.delete(connection)
    if (this.#connections.size > 0) return
    clearInterval(this.#watch)
    this.#watch = undefined
  }

  #watchIdleness() {
    for (const connection of this.#connections) connection.watchIdleness()
  }
}
