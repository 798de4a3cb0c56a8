import { type Id, type IdKind, kindOf } from '../ids.ts'
import type { LinkKey, LinkStatus, LinkStore, StoredLink } from './store.ts'

/** A statement's values, in the order of `$1`, `$2` …: integers are below 2^53. */
export type SqlValue = string | number | null
export type SqlRow = Record<string, unknown>

export interface SqlEngine {
  /** Runs one statement in its own transaction and returns its rows as objects by column. */
  query(text: string, values: SqlValue[]): Promise<readonly SqlRow[]>
  dialect: 'sqlite' | 'postgres'
}

/** The tables, for both dialects. Safe to run again. */
export const connectTables: readonly string[] = [
  ...linkTable('connect_links', 'BIGINT'),
  ...linkTable('connect_text_links', 'TEXT'),
  `CREATE TABLE IF NOT EXISTS connect_leases (
  name TEXT NOT NULL PRIMARY KEY,
  holder TEXT NOT NULL,
  expires_at BIGINT NOT NULL
)`,
]

/** A table for each kind of ids, so that no column and no driver takes the text 7 for the integer. */
const TABLES: Record<IdKind, string> = { integer: 'connect_links', text: 'connect_text_links' }

function linkTable(name: string, idType: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${name} (
  provider TEXT NOT NULL,
  company_id ${idType} NOT NULL,
  user_id ${idType} NOT NULL,
  account_id TEXT NOT NULL,
  status TEXT NOT NULL,
  notice TEXT,
  identity TEXT NOT NULL,
  scope TEXT,
  api_domain TEXT,
  tokens TEXT,
  tokens_expire_at BIGINT,
  installed_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (provider, company_id, user_id)
)`,
    `CREATE INDEX IF NOT EXISTS ${name}_of_account ON ${name} (provider, account_id)`,
  ]
}

const COLUMNS =
  'provider, company_id, user_id, account_id, status, notice, identity, scope, api_domain, tokens, tokens_expire_at, installed_at, updated_at, version'

/** Milliseconds since 1970 by the database's clock, so that it is one clock for all processes. */
const NOW = {
  sqlite: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
  postgres: 'CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)',
}

const SWEEP_EVERY = 200

/**
 * The store's statements, the same for every engine; an adapter only runs them.
 * @example
 * ```ts
 * import { connectTables, sqlStore } from '@tenantry/connect'
 * import { DatabaseSync } from 'node:sqlite'
 * const database = new DatabaseSync(':memory:')
 * for (const statement of connectTables) database.exec(statement)
 * const store = sqlStore({
 *   dialect: 'sqlite',
 *   query: async (text, values) => database.prepare(text).all(...values),
 * })
 * console.log(await store.acquireLease('refresh', 'process 1', 10_000))
 * ```
 */
export function sqlStore(engine: SqlEngine): LinkStore {
  const now = NOW[engine.dialect]
  const run = (text: string, ...values: SqlValue[]) =>
    engine.query(engine.dialect === 'sqlite' ? text.replaceAll('$', '?') : text, values)
  const done = async (rows: Promise<readonly SqlRow[]>) => (await rows).length > 0
  let leasesUntilSweep = SWEEP_EVERY
  return {
    async findLink({ provider, companyId, userId }) {
      const [row] = await run(
        `SELECT ${COLUMNS} FROM ${tableOf(companyId)} WHERE provider = $1 AND company_id = $2 AND user_id = $3`,
        provider,
        companyId,
        userId,
      )
      return row && toLink(row, kindOf(companyId))
    },
    async listLinks(provider, accountId, ids = 'integer') {
      const rows = await run(
        `SELECT ${COLUMNS} FROM ${TABLES[ids]} WHERE provider = $1 AND account_id = $2
         ORDER BY installed_at, company_id, user_id`,
        provider,
        accountId,
      )
      return rows.map(row => toLink(row, ids))
    },
    async pageLinks(provider, after, limit, ids = 'integer') {
      const first = ids === 'text' ? '' : -1
      const rows = await run(
        `SELECT ${COLUMNS} FROM ${TABLES[ids]}
         WHERE provider = $1 AND (company_id, user_id) > ($2, $3) ORDER BY company_id, user_id LIMIT $4`,
        provider,
        after?.companyId ?? first,
        after?.userId ?? first,
        limit,
      )
      return rows.map(row => toLink(row, ids))
    },
    insertLink: link =>
      done(
        run(
          `INSERT INTO ${tableOf(link.companyId)} (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
           ON CONFLICT (provider, company_id, user_id) DO NOTHING RETURNING version`,
          ...toValues(link),
        ),
      ),
    replaceLink: link =>
      done(
        run(
          `UPDATE ${tableOf(link.companyId)} SET account_id = $4, status = $5, notice = $6, identity = $7, scope = $8, api_domain = $9,
           tokens = $10, tokens_expire_at = $11, installed_at = $12, updated_at = $13, version = $14
           WHERE provider = $1 AND company_id = $2 AND user_id = $3 AND version = $14 - 1 RETURNING version`,
          ...toValues(link),
        ),
      ),
    deleteLink: ({ provider, companyId, userId }, version) =>
      done(
        run(
          `DELETE FROM ${tableOf(companyId)} WHERE provider = $1 AND company_id = $2 AND user_id = $3 AND version = $4
           RETURNING version`,
          provider,
          companyId,
          userId,
          version,
        ),
      ),
    async acquireLease(name, holder, milliseconds) {
      if (--leasesUntilSweep === 0) {
        leasesUntilSweep = SWEEP_EVERY
        await run(`DELETE FROM connect_leases WHERE expires_at < ${now}`)
      }
      return done(
        run(
          `INSERT INTO connect_leases (name, holder, expires_at) VALUES ($1, $2, ${now} + $3)
           ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
           WHERE connect_leases.holder = excluded.holder OR connect_leases.expires_at <= ${now} RETURNING name`,
          name,
          holder,
          milliseconds,
        ),
      )
    },
    async releaseLease(name, holder) {
      await run('DELETE FROM connect_leases WHERE name = $1 AND holder = $2', name, holder)
    },
  }
}

function tableOf(id: Id): string {
  return TABLES[kindOf(id)]
}

function toValues(link: StoredLink): SqlValue[] {
  const { provider, companyId, userId, accountId, status, notice, identity, scope, apiDomain } = link
  const { tokens, tokensExpireAt, installedAt, updatedAt, version } = link
  return [
    provider,
    companyId,
    userId,
    accountId,
    status,
    notice,
    identity,
    scope,
    apiDomain,
    tokens,
    tokensExpireAt,
    installedAt,
    updatedAt,
    version,
  ]
}

/** Drivers give 64-bit integers as numbers, bigints or text. */
function toLink(row: SqlRow, ids: IdKind): StoredLink {
  const toId = ids === 'text' ? String : Number
  const key: LinkKey = {
    provider: String(row.provider),
    companyId: toId(row.company_id),
    userId: toId(row.user_id),
  }
  return {
    ...key,
    accountId: String(row.account_id),
    status: row.status as LinkStatus,
    notice: (row.notice ?? null) as StoredLink['notice'],
    identity: String(row.identity),
    scope: (row.scope ?? null) as string | null,
    apiDomain: (row.api_domain ?? null) as string | null,
    tokens: (row.tokens ?? null) as string | null,
    tokensExpireAt: row.tokens_expire_at == null ? null : Number(row.tokens_expire_at),
    installedAt: Number(row.installed_at),
    updatedAt: Number(row.updated_at),
    version: Number(row.version),
  }
}
