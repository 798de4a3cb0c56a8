import type { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { ConstraintViolation, type Statement, StoreUnavailable, WriteConflict, type WriteResult } from '../store.ts'
import { BatchWriter, type WriteOutcome } from './batch.ts'

export interface Writer {
  write(statements: readonly Statement[]): Promise<WriteResult[]>
  /** Accepts no more writes, and resolves when all accepted ones have been answered. */
  settle(): Promise<void>
  close(): Promise<void>
}

interface Waiting {
  statements: readonly Statement[]
  resolve(results: WriteResult[]): void
  reject(error: Error): void
}

/** The most writes that share one commit. */
const MAX_BATCH = 512

/** How many turns of the event loop a commit waits for more writes, while each of them brings some. */
const MAX_TURNS = 8

/**
 * Commits on a thread of its own. Writes that arrive while a commit is under way share the next one: one fsync for
 * many answers, each answered after its own commit.
 */
export class ThreadWriter implements Writer {
  readonly #path: string
  #thread: Worker | undefined
  #queue: Waiting[] = []
  #committing: Waiting[] = []
  #closed = false
  #isGathering = false
  #idle: (() => void) | undefined

  constructor(path: string) {
    this.#path = path
    this.#thread = this.#start()
  }

  /** A thread that died is replaced at the next write. */
  #start(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const url = new URL(`./writer-thread.${extension}`, import.meta.url)
    const thread = new Worker(url, { workerData: { path: this.#path } })
    thread.unref()
    thread.on('message', (outcomes: WriteOutcome[]) => this.#answer(outcomes))
    thread.on('error', error => this.#fail(thread, error as Error))
    thread.on('exit', () => this.#fail(thread, new Error('the writing thread ended')))
    return thread
  }

  write(statements: readonly Statement[]): Promise<WriteResult[]> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('the store is closed'))
    this.#thread ??= this.#start()
    this.#thread.ref()
    return new Promise((resolve, reject) => {
      this.#queue.push({ statements, resolve, reject })
      this.#gather()
    })
  }

  async settle() {
    if (this.#committing.length > 0 || this.#queue.length > 0) {
      await new Promise<void>(resolve => {
        this.#idle = resolve
      })
    }
    this.#closed = true
  }

  async close() {
    await this.settle()
    const thread = this.#thread
    if (!thread) return
    const ended = new Promise(resolve => thread.once('exit', resolve))
    thread.ref()
    thread.postMessage('close')
    await ended
  }

  /** Sends what waits, after a turn of the event loop that brought no more of it. */
  #gather() {
    if (this.#isGathering || this.#committing.length > 0) return
    this.#isGathering = true
    let before = 0
    let turns = 0
    const look = () => {
      const { length } = this.#queue
      turns += 1
      if (length > before && turns < MAX_TURNS) {
        before = length
        setImmediate(look)
      } else {
        this.#isGathering = false
        this.#send()
      }
    }
    setImmediate(look)
  }

  #send() {
    if (!this.#thread || this.#committing.length > 0 || this.#queue.length === 0) return
    this.#committing = this.#queue.splice(0, MAX_BATCH)
    this.#thread.postMessage({ writes: this.#committing.map(waiting => waiting.statements) })
  }

  #answer(outcomes: WriteOutcome[]) {
    const answered = this.#committing
    this.#committing = []
    answered.forEach((waiting, index) => {
      settle(waiting, outcomes[index]!)
    })
    if (this.#queue.length > 0) this.#gather()
    else this.#becomeIdle()
  }

  #becomeIdle() {
    this.#thread?.unref()
    this.#idle?.()
  }

  #fail(thread: Worker, error: Error) {
    if (this.#thread !== thread) return
    this.#thread = undefined
    const abandoned = [...this.#committing, ...this.#queue]
    this.#committing = []
    this.#queue = []
    for (const waiting of abandoned) waiting.reject(new StoreUnavailable(error.message))
    this.#becomeIdle()
  }
}

/** Commits on the connection that reads: for databases in memory, which no other thread can see. */
export class InlineWriter implements Writer {
  readonly #writer: BatchWriter

  constructor(database: DatabaseSync) {
    this.#writer = new BatchWriter(database)
  }

  write(statements: readonly Statement[]): Promise<WriteResult[]> {
    return new Promise((resolve, reject) => {
      settle({ statements, resolve, reject }, this.#writer.run([statements])[0]!)
    })
  }

  async settle() {}

  async close() {}
}

function settle(waiting: Waiting, outcome: WriteOutcome) {
  if ('results' in outcome) waiting.resolve(outcome.results)
  else if ('conflict' in outcome) waiting.reject(new WriteConflict(outcome.conflict))
  else if ('violation' in outcome) waiting.reject(new ConstraintViolation(outcome.violation, outcome.message))
  else if (outcome.unavailable) waiting.reject(new StoreUnavailable(outcome.failure))
  else waiting.reject(new Error(outcome.failure))
}
