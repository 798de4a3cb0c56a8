import { NotReady, StoreOpenError } from '../store.ts'
import { placements } from './distribution.ts'
import type { Session } from './session.ts'

/**
 * Whether this server takes writes from us: it is the primary, not read-only, and its tables are ours to change.
 * @throws {NotReady}
 */
export async function requireWritable(session: Session): Promise<void> {
  const { rows } = await session.query<{ is_standby: boolean; is_read_only: string; forbidden: string | null }>(QUERY)
  const { is_standby, is_read_only, forbidden } = rows[0]!
  if (is_standby) throw new NotReady('standby', 'this PostgreSQL server is a standby: it takes no writes')
  if (is_read_only === 'on') {
    throw new NotReady('read_only', 'this PostgreSQL database is read-only (default_transaction_read_only is on)')
  }
  if (forbidden !== null) {
    throw new NotReady(
      'missing_rights',
      `this PostgreSQL user may not read and write ${forbidden}: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA … to it`,
    )
  }
}

const RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE']

/** What a server writes to: all tables but the list of migrations, which is `tenantry migrate`'s. */
const WRITTEN = Object.keys(placements).filter(name => name !== 'migrations')

/** Of the tables in the schema of `migrations`. */
const QUERY = `SELECT pg_is_in_recovery() AS is_standby, current_setting('transaction_read_only') AS is_read_only,
  (SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class
    WHERE relname IN (${WRITTEN.map(name => `'${name}'`).join()}) AND relkind IN ('r', 'p')
    AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('migrations'))
    AND NOT (${RIGHTS.map(right => `has_table_privilege(oid, '${right}')`).join(' AND ')})) AS forbidden`

/**
 * Names are text of any language.
 * @throws {StoreOpenError}
 */
export async function requireUtf8(session: Session): Promise<void> {
  const { rows } = await session.query<{ encoding: string }>("SELECT current_setting('server_encoding') AS encoding")
  const { encoding } = rows[0]!
  if (encoding === 'UTF8') return
  throw new StoreOpenError(
    `The database has the encoding ${encoding}, which cannot keep every name. Make one with UTF8: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.`,
  )
}
