import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** What the owner of the socket does for its stream. */
export interface HttpStreamOwner {
  /** `node:http` has read what it was given, and can take more. */
  onDrained(): void
  /** `node:http` has given up the connection. */
  onDestroyed(error: Error | null): void
}

type Callback = (error?: Error | null) => void

/**
 * A connection as `node:http` sees it while another module owns the socket: requests are pushed into it, and what is
 * written goes to the socket.
 */
export class HttpStream extends Duplex {
  readonly #socket: Socket
  readonly #owner: HttpStreamOwner

  constructor(socket: Socket, owner: HttpStreamOwner) {
    super({ decodeStrings: false })
    this.#socket = socket
    this.#owner = owner
  }

  // What `node:http` and handlers ask of a socket.
  get remoteAddress() {
    return this.#socket.remoteAddress
  }
  get remotePort() {
    return this.#socket.remotePort
  }
  get localAddress() {
    return this.#socket.localAddress
  }
  get localPort() {
    return this.#socket.localPort
  }
  get encrypted() {
    return (this.#socket as { encrypted?: boolean }).encrypted
  }
  setTimeout(milliseconds: number): this {
    this.#socket.setTimeout(milliseconds)
    return this
  }

  /** Closes the connection once everything is written, as `net.Socket` does. */
  destroySoon() {
    if (!this.writableEnded) this.end()
    if (this.writableFinished) this.#socket.destroySoon()
    else this.once('finish', () => this.#socket.destroySoon())
  }

  override _read() {
    this.#owner.onDrained()
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, callback: Callback) {
    this.#afterWrite(this.#socket.write(chunk, encoding), callback)
  }

  override _writev(chunks: { chunk: Buffer | string; encoding: BufferEncoding }[], callback: Callback) {
    this.#socket.cork()
    let hasRoom = true
    for (const { chunk, encoding } of chunks) hasRoom = this.#socket.write(chunk, encoding)
    this.#socket.uncork()
    this.#afterWrite(hasRoom, callback)
  }

  #afterWrite(hasRoom: boolean, callback: Callback) {
    if (hasRoom) callback()
    else this.#socket.once('drain', callback)
  }

  override _final(callback: Callback) {
    this.#socket.end()
    callback()
  }

  override _destroy(error: Error | null, callback: Callback) {
    this.#owner.onDestroyed(error)
    callback(error)
  }
}
