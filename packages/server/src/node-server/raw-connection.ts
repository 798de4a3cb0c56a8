import type { Socket } from 'node:net'
import { HttpStream } from './http-stream.ts'
import { missingBody } from './raw-request.ts'
import type { RawResponse } from './raw-response.ts'

export interface RawConnectionOptions {
  /** Milliseconds until a new connection must have sent something. */
  firstTimeout: number
  /** Milliseconds until an idle connection is closed. */
  idleTimeout: number
}

export interface RawConnectionEvents {
  /**
   * The response to a chunk, now or later; undefined where `node:http` has to answer it.
   * @param isDirect whether it is all that has arrived since the turn before, and is handled as it is read
   */
  respond(bytes: Buffer, isDirect: boolean): Promise<RawResponse> | RawResponse | undefined
  /** A connection for `node:http`. */
  onHttpStream(stream: HttpStream): void
  onClose(): void
}

/**
 * Who answers what arrives:
 * - `here`: the connection is idle; the next chunk is answered here if it can be.
 * - `waiting`: a request is being answered here, later. What arrives meanwhile waits.
 * - `lent`: `node:http` answers one request whose end is known, and the connection comes back after it.
 * - `given`: `node:http` answers all that comes, since only its parser knows where requests end.
 */
type Mode = 'here' | 'waiting' | 'lent' | 'given'

/** One connection of the fast path. It owns the socket; `node:http` gets a stream of what is for it. */
export class RawConnection {
  readonly socket: Socket
  readonly #idleTimeout: number
  readonly #events: RawConnectionEvents
  #mode: Mode = 'here'
  #stream: HttpStream | undefined
  /** What arrived while the last request was being answered: one chunk, since the socket is paused then. */
  #arrived: Buffer | undefined
  #hasEnded = false
  /** Whether chunks are handled as they are read from the socket. After a pause they come from a buffer, in any phase. */
  #isFlowing = true
  /** Whether the last chunk was answered here: one read is one chunk then. A full buffer makes Node read once more. */
  #followsAnswer = false
  /** While lent: bytes of the body that have not arrived. */
  #missing = 0
  /** While lent: whether the response has been written. */
  #isAnswered = false

  constructor(socket: Socket, { firstTimeout, idleTimeout }: RawConnectionOptions, events: RawConnectionEvents) {
    this.socket = socket
    this.#idleTimeout = idleTimeout
    this.#events = events
    socket.on('data', this.#receive)
    socket.on('resume', () => this.#resumed())
    socket.on('end', () => this.#end())
    socket.on('timeout', () => this.#timeOut())
    socket.on('error', error => this.#fail(error))
    socket.on('close', () => this.#close())
    socket.setTimeout(firstTimeout)
  }

  /** Whether no request is being answered here, and the client has read the last response. */
  get isIdle(): boolean {
    return this.#mode === 'here' && this.socket.writableLength === 0
  }

  /**
   * Begins to count the idle timeout, until something arrives. To be called now and then: a socket's timeout that always ran would be
   * renewed with each read and each write, a thirtieth of the time of a hot request.
   */
  watchIdleness() {
    if (!this.socket.timeout && !this.#isWithHttp) this.socket.setTimeout(this.#idleTimeout)
  }

  /** `node:http` has written a response. */
  responseEnded() {
    this.#isAnswered = true
    this.#takeBack()
  }

  readonly #receive = (bytes: Buffer) => {
    if (this.#mode === 'here') {
      if (this.socket.timeout) this.socket.setTimeout(0)
      this.#answer(bytes)
    } else if (this.#mode === 'waiting') {
      this.#arrived = this.#arrived ? Buffer.concat([this.#arrived, bytes]) : bytes
      this.#pause()
    } else {
      if (this.#mode === 'lent') this.#count(bytes)
      this.#pass(bytes)
    }
  }

  #answer(bytes: Buffer) {
    const response = this.#events.respond(bytes, this.#followsAnswer && this.#isFlowing)
    this.#followsAnswer = response !== undefined
    if (response === undefined) {
      this.#lend(bytes)
    } else if (response instanceof Promise) {
      this.#mode = 'waiting'
      response.then(
        text => this.#finish(text),
        () => this.socket.destroy(),
      )
    } else {
      this.#write(response)
    }
  }

  /** Writes a response that was waited for, and goes on with what arrived meanwhile. */
  #finish(response: RawResponse) {
    if (this.socket.destroyed) return
    this.#mode = 'here'
    this.#write(response)
    const arrived = this.#arrived
    this.#arrived = undefined
    if (arrived) {
      if (!response.isLast) this.#answer(arrived)
      if (!this.socket.writableNeedDrain) this.socket.resume()
    } else if (this.#hasEnded) {
      this.socket.end()
    }
  }

  #write({ text, encoding, isLast }: RawResponse) {
    if (isLast) {
      this.socket.end(text, encoding)
    } else if (!this.socket.write(text, encoding)) {
      // A client that sends requests and does not read responses is not read from either.
      this.#pause()
      this.socket.once('drain', () => this.socket.resume())
    }
  }

  #pause() {
    this.#isFlowing = false
    this.socket.pause()
  }

  /** What was buffered is emitted right after this event; what comes next is read from the socket. */
  #resumed() {
    process.nextTick(() => {
      this.#isFlowing = !this.socket.isPaused()
    })
  }

  /** Lets `node:http` answer a request, and all after it if its end is not known. */
  #lend(bytes: Buffer) {
    const missing = missingBody(bytes)
    this.#mode = missing === undefined ? 'given' : 'lent'
    this.#missing = missing ?? 0
    this.#isAnswered = false
    this.socket.setTimeout(0)
    this.#pass(bytes)
  }

  /** More than the body of the request: where the next ones end is not known here. */
  #count(bytes: Buffer) {
    if (bytes.length > this.#missing) this.#mode = 'given'
    else this.#missing -= bytes.length
  }

  #pass(bytes: Buffer) {
    if (!this.#stream) {
      this.#stream = this.#newStream()
      this.#events.onHttpStream(this.#stream)
    }
    if (!this.#stream.push(bytes)) this.#pause()
    this.#takeBack()
  }

  #newStream(): HttpStream {
    const stream = new HttpStream(this.socket, {
      onDrained: () => {
        if (this.#isWithHttp) this.socket.resume()
      },
      onDestroyed: error => {
        if (this.#stream === stream) this.#stream = undefined
        if (this.#isWithHttp) this.socket.destroy(error ?? undefined)
      },
    })
    return stream
  }

  get #isWithHttp(): boolean {
    return this.#mode === 'lent' || this.#mode === 'given'
  }

  #takeBack() {
    if (this.#mode !== 'lent' || !this.#isAnswered || this.#missing > 0 || this.socket.writableEnded) return
    this.#mode = 'here'
    this.socket.setTimeout(this.#idleTimeout)
    this.socket.resume()
  }

  /** As in `node:http`, the client may end its side first and still gets its responses. */
  #end() {
    this.#hasEnded = true
    if (this.#mode === 'here') this.socket.end()
    else if (this.#isWithHttp) this.#stream?.push(null)
  }

  #timeOut() {
    if (this.#isWithHttp) this.#stream?.emit('timeout')
    else this.socket.destroy()
  }

  #fail(error: Error) {
    if (this.#isWithHttp) this.#stream?.destroy(error)
    this.socket.destroy()
  }

  #close() {
    this.#stream?.destroy()
    this.#events.onClose()
  }
}
