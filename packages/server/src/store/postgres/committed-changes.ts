import type pg from 'pg'
import { type BearerChange, CHANGES_KEPT_FROM } from '../bearer-change.ts'
import { closeNow, newClient, requirePrimary } from './connection.ts'
import type { PostgresOptions } from './options.ts'
import type { Session } from './session.ts'

/** The most changes that are read at once; with more it is not worth knowing which. */
const MAX_CHANGES = 5000
/** Larger than any. */
const NO_TRANSACTION = String(2n ** 64n - 1n)
/** Milliseconds after which an answer does not come any more. */
const TIMEOUT = 1000

const TABLES = ['access_tokens', 'memberships', 'companies', 'apps', 'bearer_changes']
const COLUMNS = 'company_id, user_id, token_hash, client_id'

/**
 * Parameters: the first transaction that had not begun at the last look, and those that were running then. Exactly these
 * may have committed since. The tables' object ids change when they are made again.
 */
const POLL = `SELECT look.*, changed.* FROM (
  SELECT pg_current_snapshot()::text AS snapshot,
    concat_ws(' ', ${TABLES.map(table => `'${table}'::regclass::oid`).join(', ')}) AS tables,
    (SELECT value FROM settings WHERE name = '${CHANGES_KEPT_FROM}') AS kept_from
) look LEFT JOIN LATERAL (
  (SELECT true, ${COLUMNS} FROM bearer_changes WHERE xid >= $1::xid8 LIMIT ${MAX_CHANGES + 1})
  UNION ALL
  (SELECT true, ${COLUMNS} FROM bearer_changes WHERE xid = ANY ($2::xid8[]) LIMIT ${MAX_CHANGES + 1})
) changed ON true`

const TRIGGERS = `SELECT count(*)::int AS found FROM pg_trigger
  WHERE tgname IN ('log_bearer_change', 'log_bearer_truncation') AND tgenabled IN ('O', 'A')
    AND tgrelid IN ('access_tokens'::regclass, 'memberships'::regclass, 'companies'::regclass, 'apps'::regclass)`
const ALL_TRIGGERS = 8

/** What one look saw: which transactions had ended by then. */
interface Look {
  /** No transaction from this one on had begun, as text: it may have 64 bits. */
  end: string
  /** Those before it that were running. */
  running: string[]
  /** Everything that must stay as it is for the two to mean anything. */
  tables: string
}

type Row = [snapshot: string, tables: string, keptFrom: string | null, isChange: true | null, ...change: unknown[]]

/**
 * Tells what was committed of all that bearer checks depend on. Looks go over one connection, which is this object's own:
 * a server that starts again, fails over or is restored breaks it, and everything may have changed then.
 */
export class CommittedChanges {
  readonly #options: PostgresOptions
  #client: pg.Client | undefined
  #connecting: Promise<pg.Client> | undefined
  #last: Look | undefined
  #isClosed = false

  constructor(options: PostgresOptions) {
    this.#options = options
  }

  /**
   * Everything committed since the last look: of every transaction whose commit was answered before this call, and maybe
   * of others. Only one look at a time.
   * @returns `lost` when it is not known
   */
  async poll(): Promise<readonly BearerChange[] | 'lost'> {
    const last = this.#last
    // Whatever goes wrong, the next look is the first.
    this.#last = undefined
    const client = this.#client ?? (await this.#connect())
    const rows = await this.#look(client, last)
    if (client !== this.#client) throw new Error('The connection was lost.')
    const [snapshot, tables, keptFrom] = rows[0]!
    this.#last = { ...readSnapshot(snapshot), tables }
    if (!last || last.tables !== tables || rows.length > MAX_CHANGES) return 'lost'
    if (keptFrom !== null && wasCleaned(last, BigInt(keptFrom))) return 'lost'
    return rows.filter(([, , , isChange]) => isChange).map(changeOf)
  }

  async close() {
    this.#isClosed = true
    await this.#connecting?.catch(() => {})
    this.#drop()
  }

  async #look(client: pg.Client, last: Look | undefined): Promise<Row[]> {
    const values = [last?.end ?? NO_TRANSACTION, `{${last?.running.join() ?? ''}}`]
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('PostgreSQL did not tell in time what was changed.')), TIMEOUT)
    })
    try {
      const answer = client.query({ name: 'changes', text: POLL, values, rowMode: 'array' })
      answer.catch(() => {})
      return (await Promise.race([answer, late])).rows as unknown as Row[]
    } catch (error) {
      this.#drop()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  #connect(): Promise<pg.Client> {
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #open(): Promise<pg.Client> {
    const client = newClient(this.#options)
    const lost = () => {
      if (this.#client === client) this.#drop()
    }
    client.on('error', lost)
    client.on('end', lost)
    try {
      await client.connect()
      await requirePrimary(client)
      if (this.#isClosed) throw new Error('The store is closed.')
    } catch (error) {
      void client.end().catch(() => {})
      throw error
    }
    this.#client = client
    return client
  }

  #drop() {
    const client = this.#client
    this.#client = undefined
    this.#last = undefined
    if (client) closeNow(client)
  }
}

/** Whether changes are logged: not on tables that lie on several machines, or whose triggers were taken away. */
export async function logsChanges(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ found: number }>(TRIGGERS)
  return rows[0]!.found === ALL_TRIGGERS
}

/** A snapshot as PostgreSQL writes it: `xmin:xmax:xip,xip`. */
function readSnapshot(text: string): Pick<Look, 'end' | 'running'> {
  const [, end = '', running = ''] = text.split(':')
  return { end, running: running === '' ? [] : running.split(',') }
}

/** Whether something that was not seen at a look may have been removed since. */
function wasCleaned({ end, running }: Look, keptFrom: bigint): boolean {
  return keptFrom > BigInt(end) || running.some(each => BigInt(each) < keptFrom)
}

function changeOf([, , , , company_id, user_id, token_hash, client_id]: Row): BearerChange {
  return { company_id, user_id, token_hash, client_id } as BearerChange
}
