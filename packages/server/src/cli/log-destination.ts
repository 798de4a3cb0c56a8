import { constants, fstatSync, openSync, type Stats, writeSync } from 'node:fs'
import { Socket } from 'node:net'

/** What waits to be written, in bytes; lines that come when there is more are dropped. */
const MAX_WAITING = 1_048_576
/** As much as a pipe takes whole (PIPE_BUF): workers that share one do not tear each other's lines. */
const MAX_WRITE = 4096
/** Between two tries of a destination that takes nothing, in milliseconds. */
const PAUSE = 200

/** A descriptor, written to without ever waiting. */
interface Sink {
  /** @returns how many bytes were taken; 0 where none are now */
  write(bytes: Buffer): number
  /** Lets go of what was taken and is not written yet, so that the process can end. */
  abandon(): void
}

/**
 * Where log lines go: a descriptor that may be a pipe, a terminal, a socket or a file. A destination that cannot take a line
 * (its disk is full, its reader is slow or gone) never holds up the program: lines wait, then are dropped and counted, and
 * the first line after that says how many.
 */
export class LogDestination {
  readonly #sink: Sink
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #dropped = 0
  #timer: NodeJS.Timeout | undefined

  /** @param descriptor 1 for standard output, 2 for standard error */
  constructor(descriptor: number, sink: Sink = sinkOf(descriptor)) {
    this.#sink = sink
  }

  /** Tries to write the remaining lines once more, so that the last line of a server is logged, and drops the others. */
  close() {
    clearTimeout(this.#timer)
    this.#flush()
    clearTimeout(this.#timer)
    this.#sink.abandon()
  }

  /** As pino calls it. */
  write(line: string) {
    const bytes = Buffer.from(line)
    if (this.#waitingBytes + bytes.length > MAX_WAITING) {
      this.#dropped += 1
      return
    }
    if (this.#dropped > 0 && this.#waiting.length === 0) this.#tellDropped()
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (this.#timer === undefined) this.#flush()
  }

  #flush() {
    this.#timer = undefined
    while (this.#waiting.length > 0) {
      const chunk = Buffer.concat(this.#takeChunk())
      const written = this.#sink.write(chunk)
      this.#waitingBytes -= written
      if (written < chunk.length) {
        this.#waiting.unshift(chunk.subarray(written))
        this.#timer = setTimeout(() => this.#flush(), PAUSE)
        this.#timer.unref()
        return
      }
      if (this.#dropped > 0 && this.#waiting.length === 0) this.#tellDropped()
    }
  }

  /** Some lines that are written together. */
  #takeChunk(): Buffer[] {
    let [count, size] = [0, 0]
    while (count < this.#waiting.length && (count === 0 || size + this.#waiting[count]!.length <= MAX_WRITE)) {
      size += this.#waiting[count]!.length
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  /** In the form of pino's own lines, a warning. */
  #tellDropped() {
    const line = {
      level: 40,
      time: Date.now(),
      pid: process.pid,
      dropped: this.#dropped,
      msg: 'log lines were dropped',
    }
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    this.#dropped = 0
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
  }
}

function writeOrWait(descriptor: number, bytes: Buffer): number {
  try {
    return writeSync(descriptor, bytes)
  } catch {
    // EAGAIN: its reader is slow. ENOSPC, EDQUOT, EIO: its disk. EPIPE: its reader is gone. All may pass.
    return 0
  }
}

function sinkOf(descriptor: number): Sink {
  const kind = statOf(descriptor)
  if (kind?.isSocket()) return socketSink(descriptor)
  const own = kind === undefined || kind.isFile() ? descriptor : reopen(descriptor)
  return { write: bytes => writeOrWait(own, bytes), abandon: () => {} }
}

function statOf(descriptor: number): Stats | undefined {
  try {
    return fstatSync(descriptor)
  } catch {
    return undefined
  }
}

/**
 * The same pipe or terminal, opened once more so that writing to it never waits. The descriptor itself is shared with other
 * programs, whom that must not change.
 */
function reopen(descriptor: number): number {
  try {
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_APPEND)
  } catch {
    // Without /proc, or without the right to open it, the descriptor is used as it is.
    return descriptor
  }
}

/** A socket, as systemd's journal has: Node writes to it without waiting, and says when it was taken. */
function socketSink(descriptor: number): Sink {
  const socket = new Socket({ fd: descriptor, readable: false, writable: true })
  socket.on('error', () => {})
  socket.unref()
  return {
    write(bytes) {
      if (socket.destroyed || socket.writableLength > 0) return 0
      socket.write(bytes)
      return bytes.length
    },
    abandon() {
      if (socket.writableLength > 0) socket.destroy()
    },
  }
}
