import type { LookUp } from '../store.ts'
import type { Pool } from './pool.ts'

/** The most look-ups that go out as one query. */
const LARGEST_BATCH = 256

interface Waiting {
  companyId: number
  tokenHash: Uint8Array
  resolve(row: unknown[] | undefined): void
  reject(error: unknown): void
}

/**
 * Sends the look-ups that arrive in one turn of the event loop as one query. Each is answered from that query alone,
 * which began after it arrived: there is no cache. Batches do not wait for each other.
 */
export class BatchedLookUps {
  readonly #pool: Pool
  readonly #lookUp: LookUp
  /** Whether each company's rows are on one of several machines, so that a batch is sent company by company. */
  readonly #isDistributed: () => boolean
  #waiting: Waiting[] = []

  constructor(pool: Pool, lookUp: LookUp, isDistributed: () => boolean) {
    this.#pool = pool
    this.#lookUp = lookUp
    this.#isDistributed = isDistributed
  }

  find(companyId: number, tokenHash: Uint8Array): Promise<unknown[] | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ companyId, tokenHash, resolve, reject })
      if (this.#waiting.length === 1) setImmediate(() => this.#flush())
      else if (this.#waiting.length === LARGEST_BATCH) this.#flush()
    })
  }

  #flush() {
    const batch = this.#waiting
    this.#waiting = []
    if (batch.length === 0) return
    const parts = this.#isDistributed() ? [...Map.groupBy(batch, ({ companyId }) => companyId).values()] : [batch]
    for (const part of parts) void this.#send(part)
  }

  async #send(batch: Waiting[]) {
    try {
      const found = new Map((await this.#query(batch)).map(row => [keyOf(row[0] as number, row[1] as Uint8Array), row]))
      for (const { companyId, tokenHash, resolve } of batch) {
        resolve(found.get(keyOf(companyId, tokenHash))?.slice(2))
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  #query(batch: Waiting[]): Promise<unknown[][]> {
    const hashes = arrayOf(batch, ({ tokenHash }) => `"\\\\x${Buffer.from(tokenHash).toString('hex')}"`)
    const [sql, parameters] = this.#isDistributed()
      ? [this.#lookUp.manyOfOneCompany.sql, [batch[0]!.companyId, hashes]]
      : [this.#lookUp.many.sql, [arrayOf(batch, ({ companyId }) => String(companyId)), hashes]]
    return this.#pool.read(session => session.arrays(sql, parameters))
  }
}

/** An array as PostgreSQL writes it, so that the driver need not know the type. */
function arrayOf(batch: readonly Waiting[], write: (waiting: Waiting) => string): string {
  return `{${batch.map(write).join()}}`
}

function keyOf(companyId: number, tokenHash: Uint8Array): string {
  return `${companyId} ${Buffer.from(tokenHash.buffer, tokenHash.byteOffset, tokenHash.byteLength).toString('latin1')}`
}
