import { LOGGED_TABLES } from '../migrations/0018-bearer-changes-on-postgres.ts'
import { StoreOpenError } from '../store.ts'
import { placements } from './distribution.ts'
import type { Session } from './session.ts'
import { inTransaction } from './transaction.ts'

/** Whether the tables lie on the machines of a Citus cluster. */
export async function isDistributed(session: Session): Promise<boolean> {
  if (!(await hasCitus(session))) return false
  return (await readPlacement(session, 'access_tokens')) !== undefined
}

async function hasCitus(session: Session): Promise<boolean> {
  const { count } = await session.query("SELECT 1 FROM pg_extension WHERE extname = 'citus'")
  return count > 0
}

/**
 * Lays the tables out over the machines of a Citus cluster, with what is in them, all or nothing. Safe to repeat.
 * @returns the tables that were laid out now
 * @throws {StoreOpenError} when tables lie otherwise already
 */
export async function distributeTables(session: Session): Promise<string[]> {
  const waiting = await notYetDistributed(session)
  if (waiting.length === 0) return []
  await inTransaction(session, async () => {
    await session.query("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")
    await stopLoggingChanges(session)
    // Foreign keys between tables with different placements are refused; they are added again at the end.
    const foreignKeys = await takeForeignKeysAway(session)
    for (const table of waiting) await layOut(session, table)
    for (const { owner, name, definition } of foreignKeys) {
      await session.query(`ALTER TABLE ${owner} ADD CONSTRAINT ${name} ${definition}`)
    }
  })
  // What was in them before lies in the pieces now.
  for (const table of waiting) {
    await session.query('SELECT truncate_local_data_after_distributing_table($1::regclass)', [table])
  }
  return waiting
}

/**
 * Distributed tables have no triggers of ours. Without the log, programs that follow it notice that it has ended, and ask
 * the database each time.
 */
async function stopLoggingChanges(session: Session) {
  for (const table of LOGGED_TABLES) {
    await session.query(`DROP FUNCTION IF EXISTS log_bearer_change_of_${table}() CASCADE`)
  }
  await session.query('DROP TABLE IF EXISTS bearer_changes')
}

/** @throws {StoreOpenError} when this is not the coordinator of a Citus cluster with workers */
export async function requireCoordinator(session: Session) {
  if (!(await hasCitus(session))) {
    throw new StoreOpenError(
      'This PostgreSQL has no Citus. Install it on each machine, and run CREATE EXTENSION citus in the database on each; nothing was changed.',
    )
  }
  const { rows } = await session.query<{ coordinator: boolean; workers: number }>(
    'SELECT citus_is_coordinator() AS coordinator, (SELECT count(*) FROM citus_get_active_worker_nodes()) AS workers',
  )
  if (!rows[0]!.coordinator) {
    throw new StoreOpenError(
      'This is a worker of a Citus cluster. Give the address of its coordinator; nothing was changed.',
    )
  }
  if (rows[0]!.workers === 0) {
    throw new StoreOpenError(
      "This Citus cluster has no workers yet. Add them on the coordinator: SELECT citus_add_node('host', port); nothing was changed.",
    )
  }
}

/** @throws {StoreOpenError} when one lies in another way than it should */
async function notYetDistributed(session: Session): Promise<string[]> {
  const waiting: string[] = []
  for (const [table, wanted] of Object.entries(placements)) {
    if (wanted === 'coordinator') continue
    const found = await readPlacement(session, table)
    const by = wanted === 'reference' ? 'reference' : wanted.by
    if (found === undefined) waiting.push(table)
    else if (found !== by) {
      throw new StoreOpenError(
        `The table ${table} is distributed by ${found} already, and should be by ${by}. Undistribute it first (undistribute_table); nothing was changed.`,
      )
    }
  }
  return waiting
}

/** The column it is distributed by, `reference`, or undefined where it is an ordinary table. */
async function readPlacement(session: Session, table: string): Promise<string | undefined> {
  const { rows } = await session.query<{ method: string; by: string | null }>(
    `SELECT partmethod AS method,
      CASE WHEN partkey IS NULL THEN NULL ELSE column_to_column_name(logicalrelid, partkey) END AS by
    FROM pg_dist_partition WHERE logicalrelid = to_regclass($1)`,
    [table],
  )
  const [row] = rows
  if (!row) return undefined
  return row.method === 'h' ? (row.by ?? undefined) : 'reference'
}

interface ForeignKey {
  owner: string
  name: string
  definition: string
}

async function takeForeignKeysAway(session: Session): Promise<ForeignKey[]> {
  const { rows } = await session.query<ForeignKey>(
    `SELECT conrelid::regclass::text AS owner, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY ($1::regclass[])`,
    [`{${Object.keys(placements).join()}}`],
  )
  for (const { owner, name } of rows) await session.query(`ALTER TABLE ${owner} DROP CONSTRAINT ${name}`)
  return rows
}

async function layOut(session: Session, table: string) {
  const placement = placements[table]!
  if (placement === 'reference') {
    await session.query('SELECT create_reference_table($1::regclass)', [table])
  } else if (placement !== 'coordinator') {
    await session.query('SELECT create_distributed_table($1::regclass, $2, colocate_with => $3)', [
      table,
      placement.by,
      placement.with ?? 'none',
    ])
  }
}
