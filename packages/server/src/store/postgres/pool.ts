import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { StoreUnavailable } from '../store.ts'
import { closeNow, mayPrepare, newClient, newPool, STATEMENT_TIMEOUT } from './connection.ts'
import { ConnectionLost, explainError, Interfered } from './errors.ts'
import type { PostgresOptions } from './options.ts'
import { Session } from './session.ts'

const SECOND = 1000
/** How long a caller waits for an answer; a little longer than the server lets a statement run. */
const TIMEOUT = STATEMENT_TIMEOUT + SECOND
const PING_TIMEOUT = 2 * SECOND
/** The most that may wait for a connection; more would be answered too late to be of use. */
const MAX_WAITING = 5000
const MIN_PAUSE = 50
const MAX_PAUSE = 500

/** What may still become of a transaction. */
export interface Attempt {
  /** Set once the commit is on its way: a lost connection says nothing of whether it took place. */
  committing: boolean
}

type Run<Value> = (session: Session, attempt: Attempt) => Promise<Value>

/**
 * Connections that recover. What was running on a lost connection is tried again where that is safe; a connection that
 * does not answer in time is closed. While the server does not answer at all, callers are refused at once.
 */
export class Pool {
  readonly #options: PostgresOptions
  readonly #pool: pg.Pool
  readonly #prepares: boolean
  #isWatching = false
  /** Why it does not answer, while it does not. */
  #down: string | undefined
  #isClosed = false
  #ended: Promise<void> | undefined

  constructor(options: PostgresOptions) {
    this.#options = options
    this.#pool = newPool(options)
    this.#prepares = mayPrepare(options.url)
  }

  /**
   * Runs what may be run any number of times: reads.
   * @throws {StoreUnavailable}
   */
  read<Value>(run: (session: Session) => Promise<Value>): Promise<Value> {
    return this.#run(run, TIMEOUT)
  }

  /**
   * Runs a transaction. It is tried again only while it certainly was not committed.
   * @param run sets `committing` when all is well and the commit comes next
   * @throws {StoreUnavailable}
   */
  write<Value>(run: Run<Value>): Promise<Value> {
    return this.#run(run, TIMEOUT)
  }

  /**
   * Runs what finds out whether the server can be used now, and waits two seconds at most.
   * @throws {StoreUnavailable}
   */
  check(run: (session: Session) => Promise<void>): Promise<void> {
    return this.#run(run, PING_TIMEOUT)
  }

  get connections(): { busy: number; idle: number; waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.#pool
    return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount }
  }

  /** May be called again. */
  async close() {
    if (!this.#isClosed) this.#ended = this.#pool.end()
    this.#isClosed = true
    await this.#ended
  }

  async #run<Value>(run: Run<Value>, timeout: number) {
    const deadline = performance.now() + timeout
    for (let pause = MIN_PAUSE; ; pause = Math.min(2 * pause, MAX_PAUSE)) {
      this.#refuseWhileDown()
      const attempt = { committing: false }
      try {
        return await this.#attempt(run, attempt, deadline)
      } catch (error) {
        const isInterfered = error instanceof Interfered
        if (!(isInterfered || error instanceof ConnectionLost) || attempt.committing || this.#isClosed) throw error
        if (performance.now() + pause > deadline) {
          if (!isInterfered) this.#watch()
          throw error
        }
      }
      await sleep(pause * (0.5 + Math.random()))
    }
  }

  #refuseWhileDown() {
    if (this.#down !== undefined) throw new StoreUnavailable(`PostgreSQL does not answer: ${this.#down}`)
    if (this.#pool.waitingCount > MAX_WAITING) throw new StoreUnavailable('too many statements are waiting')
  }

  /** @param deadline on the clock of `performance.now()` */
  async #attempt<Value>(run: Run<Value>, attempt: Attempt, deadline: number): Promise<Value> {
    const client = await this.#connect()
    const timeout = deadline - performance.now()
    if (timeout <= 0) {
      // Nothing was begun, and the connection is well: it waited for others.
      client.release()
      throw new StoreUnavailable('no connection to PostgreSQL became free in time')
    }
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#watch()
        reject(new StoreUnavailable(`PostgreSQL did not answer within ${Math.round(timeout)} ms`))
      }, timeout)
    })
    const outcome = run(new Session(client, this.#prepares), attempt)
    try {
      const value = await Promise.race([outcome, late])
      client.release()
      return value
    } catch (error) {
      const explained = explainError(error)
      // Its caller is gone: a closed connection does not commit.
      if (explained instanceof StoreUnavailable && !(explained instanceof Interfered)) closeNow(client)
      else client.release()
      outcome.catch(() => {})
      throw explained
    } finally {
      clearTimeout(timer)
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect()
    } catch (error) {
      const explained = explainError(error)
      if (!(explained instanceof ConnectionLost)) this.#watch()
      throw explained
    }
  }

  /** Starts to poll the server, unless it is being polled already. */
  #watch() {
    if (this.#isWatching || this.#isClosed) return
    this.#isWatching = true
    void this.#look().finally(() => {
      this.#isWatching = false
    })
  }

  /** Until it answers. */
  async #look() {
    for (;;) {
      this.#down = await this.#silence()
      if (this.#down === undefined || this.#isClosed) return
      await sleep(MAX_PAUSE, undefined, { ref: false })
    }
  }

  /**
   * Why it does not answer; undefined where it does. On a connection of its own, since those that there are may be dead.
   */
  async #silence(): Promise<string | undefined> {
    const probe = newClient(this.#options)
    probe.on('error', () => {})
    const late = new AbortController()
    try {
      await Promise.race([
        probe.connect().then(() => probe.query('SELECT 1')),
        sleep(PING_TIMEOUT, undefined, { ref: false, signal: late.signal }).then(() =>
          Promise.reject(new Error('nothing came within two seconds')),
        ),
      ])
      return undefined
    } catch (error) {
      return (error as Error).message
    } finally {
      late.abort()
      closeNow(probe)
    }
  }
}
