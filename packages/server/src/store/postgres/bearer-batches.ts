import type { Kysely } from 'kysely'
import { BearerRecord, bearerBatchQueries } from '../bearer-record.ts'
import type { Schema } from '../schema.ts'
import type { Pool } from './pool.ts'

/** The most look-ups that are sent as one query. */
const MAX_BATCH = 256

interface Pending {
  companyId: number
  tokenHash: string
  resolve(record: BearerRecord | undefined): void
  reject(error: unknown): void
}

/**
 * Sends the look-ups of one turn of the event loop as one query. Each is answered by that query alone, which began after
 * the look-up: nothing is cached. Batches do not wait for each other.
 */
export class BearerBatches {
  readonly #pool: Pool
  readonly #queries: ReturnType<typeof bearerBatchQueries>
  /** Whether rows are spread over several machines by company, so that each company gets its own query. */
  readonly #isDistributed: () => boolean
  #pending: Pending[] = []

  constructor(pool: Pool, db: Kysely<Schema>, isDistributed: () => boolean) {
    this.#pool = pool
    this.#queries = bearerBatchQueries(db)
    this.#isDistributed = isDistributed
  }

  find(tokenHash: string, companyId: number): Promise<BearerRecord | undefined> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ companyId, tokenHash, resolve, reject })
      if (this.#pending.length === 1) setImmediate(() => this.#flush())
      else if (this.#pending.length === MAX_BATCH) this.#flush()
    })
  }

  #flush() {
    const batch = this.#pending
    this.#pending = []
    if (batch.length === 0) return
    const parts = this.#isDistributed() ? [...Map.groupBy(batch, ({ companyId }) => companyId).values()] : [batch]
    for (const part of parts) void this.#send(part)
  }

  async #send(batch: Pending[]) {
    try {
      const found = new Map<string, unknown[]>()
      for (const [companyId, tokenHash, ...row] of await this.#query(batch)) {
        found.set(keyOf(companyId as number, Buffer.from(tokenHash as Uint8Array).toString('latin1')), row)
      }
      for (const { companyId, tokenHash, resolve } of batch) {
        const row = found.get(keyOf(companyId, tokenHash))
        resolve(row && BearerRecord.fromJoinedRow(companyId, row))
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  #query(batch: Pending[]): Promise<unknown[][]> {
    const hashes = arrayText(batch, ({ tokenHash }) => `"\\\\x${Buffer.from(tokenHash, 'latin1').toString('hex')}"`)
    const [sql, parameters] = this.#isDistributed()
      ? [this.#queries.manyOfOneCompany, [batch[0]!.companyId, hashes]]
      : [this.#queries.many, [arrayText(batch, ({ companyId }) => String(companyId)), hashes]]
    return this.#pool.read(session => session.arrays(sql, parameters))
  }
}

/** An array in PostgreSQL's text form, so that the driver need not know its type. */
function arrayText(batch: readonly Pending[], write: (pending: Pending) => string): string {
  return `{${batch.map(write).join()}}`
}

function keyOf(companyId: number, tokenHash: string): string {
  return `${companyId} ${tokenHash}`
}
