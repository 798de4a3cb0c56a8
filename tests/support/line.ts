import { connect, type Socket } from 'node:net'
import { expect } from 'vitest'

/** A response as it was received. */
export interface RawAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** One connection, spoken to byte by byte. */
export class Line {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  isClosed = false

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
    })
    this.socket.on('close', () => {
      this.isClosed = true
    })
  }

  write(text: string) {
    this.socket.write(text)
  }

  /** What has arrived and was not taken as an answer. */
  get received(): string {
    return this.#received.toString('latin1')
  }

  /** The next whole answer. */
  async answer(): Promise<RawAnswer> {
    if (!this.#next()) await expect.poll(() => this.#next(), { interval: 2 }).toBeDefined()
    const { answer, length } = this.#next()!
    this.#received = this.#received.subarray(length)
    return answer
  }

  #next() {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const [start = '', ...fields] = this.#received.subarray(0, end).toString('latin1').split('\r\n')
    const headers = Object.fromEntries(fields.map(field => field.split(/: (.*)/s).slice(0, 2))) as Record<
      string,
      string
    >
    const length = end + 4 + Number(headers['Content-Length'] ?? headers['content-length'] ?? 0)
    if (this.#received.length < length) return undefined
    const body = this.#received.subarray(end + 4, length).toString()
    return { answer: { status: Number(start.split(' ')[1]), headers, body }, length }
  }
}
