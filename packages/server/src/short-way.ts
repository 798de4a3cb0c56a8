import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { AnswersPlainly, WireText } from './http/plain-answer.ts'
import { readPlainGet } from './http/plain-request.ts'

export interface ShortWayOptions {
  /** Milliseconds until a new connection must have brought something, and until one that rests is closed. */
  firstTimeout: number
  idleTimeout: number
}

/**
 * Answers a server's plain requests without `node:http`: without its parser, its objects and its headers. A connection
 * is handed over to it, once and for all and with the very bytes that came, as soon as anything else arrives on it.
 */
export class ShortWay {
  readonly #options: ShortWayOptions
  readonly #handOver: (socket: Socket) => void
  readonly #connections = new Set<Socket>()
  #answers: AnswersPlainly | undefined
  #isClosing = false

  /** Takes a server's new connections before it does. */
  constructor(server: Server, options: ShortWayOptions) {
    this.#options = options
    const own = server.listeners('connection') as ((socket: Socket) => void)[]
    server.removeAllListeners('connection')
    this.#handOver = socket => {
      for (const listener of own) listener.call(server, socket)
    }
    server.on('connection', (socket: Socket) => this.#take(socket))
  }

  serve(answers: AnswersPlainly) {
    this.#answers = answers
  }

  /** From now on an answer is its connection's last. */
  beginClosing() {
    this.#isClosing = true
  }

  /** Answers are made at once: a connection here rests, unless somebody has not read theirs yet. */
  closeIdleConnections() {
    for (const socket of this.#connections) if (socket.writableLength === 0) socket.destroy()
  }

  closeAllConnections() {
    for (const socket of this.#connections) socket.destroy()
  }

  #take(socket: Socket) {
    this.#connections.add(socket)
    let isFirst = true
    const onData = (bytes: Buffer) => {
      if (isFirst) socket.setTimeout(this.#options.idleTimeout)
      isFirst = false
      const isLast = this.#isClosing
      const request = this.#answers && readPlainGet(bytes, this.#answers.paths)
      const answer = request && this.#answers!.answer(request, isLast)
      if (answer) send(socket, answer, isLast)
      else leave(bytes)
    }
    const onError = () => socket.destroy()
    const onTimeout = () => socket.destroy()
    // `node:http` lets the other side end first, so that its answers are not cut off.
    const onEnd = () => socket.end()
    const onClose = () => this.#connections.delete(socket)
    const leave = (bytes: Buffer) => {
      this.#connections.delete(socket)
      socket.off('data', onData).off('end', onEnd).off('error', onError).off('timeout', onTimeout).off('close', onClose)
      socket.setTimeout(0)
      this.#handOver(socket)
      socket.emit('data', bytes)
    }
    socket.on('data', onData).on('end', onEnd).on('error', onError).on('timeout', onTimeout).on('close', onClose)
    socket.setTimeout(this.#options.firstTimeout)
  }
}

function send(socket: Socket, { text, encoding }: WireText, isLast: boolean) {
  if (isLast) {
    socket.end(text, encoding)
    return
  }
  if (socket.write(text, encoding)) return
  // Somebody asks and does not read: no more is read from them either.
  socket.pause()
  socket.once('drain', () => socket.resume())
}
