import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailable } from '../store.ts'
import type { Pool } from './pool.ts'

/**
 * Stays the same while a server knows every transaction id that it has assigned: since when it has run, and since when it
 * has counted, which starts again when it recovers from a crash. A server that recovers, and a standby that is promoted,
 * assign lost ids again.
 */
const HISTORY = "concat_ws(' ', pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time())"

/** The last query of a write: what identifies its transaction. */
export const IDENTIFY_TRANSACTION = `SELECT pg_current_xact_id_if_assigned()::text AS id, ${HISTORY} AS history`

export interface TransactionIdentity {
  /** Null for a transaction that changed nothing. */
  id: string | null
  /** The history that the id belongs to. */
  history: string
}

const FIRST_PAUSE = 50
const MAX_PAUSE = 3000

/** Asks the server what became of a transaction whose connection was lost during its commit. */
export async function findCommitOutcome(
  pool: Pool,
  { id, history }: TransactionIdentity,
): Promise<'committed' | 'aborted' | 'unknown'> {
  // It has only read.
  if (id === null) return 'committed'
  for (let pause = FIRST_PAUSE; pause < MAX_PAUSE; pause *= 2) {
    try {
      const { rows } = await pool.read(session =>
        session.query<{ status: string | null; history: string }>(
          `SELECT pg_xact_status($1::text::xid8) AS status, ${HISTORY} AS history`,
          [id],
        ),
      )
      // The id may be another transaction's by now.
      if (rows[0]?.history !== history) return 'unknown'
      const { status } = rows[0]
      if (status === 'committed' || status === 'aborted') return status
      if (status !== 'in progress') return 'unknown'
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) return 'unknown'
    }
    await sleep(pause)
  }
  return 'unknown'
}
