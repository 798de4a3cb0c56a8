import { createRequire } from 'node:module'
import type pg from 'pg'
import { StandbyServer } from './errors.ts'
import type { PostgresOptions } from './options.ts'

const SECOND = 1000
/** Milliseconds that a statement may take, and that it may wait for a lock. */
export const STATEMENT_TIMEOUT = 5 * SECOND
const LOCK_TIMEOUT = 3 * SECOND
/** Milliseconds that a connection may take to be made, or to become free. */
export const CONNECT_TIMEOUT = 3 * SECOND

const require = createRequire(import.meta.url)
/** Loaded with the first connection: most processes use SQLite. */
const driver = () => require('pg') as typeof pg

const INT8 = 20

/** Integers of 64 bits are read as numbers: all stored ones are below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text' | 'binary') =>
    oid === INT8
      ? Number
      : driver().types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
}

/** One connection, to be connected, with limits on what a statement may take. */
export function newClient({ url }: PostgresOptions): pg.Client {
  const { Client } = driver()
  return new Client(clientOptions(url))
}

/** One without limits, for what takes long: migrating, exporting. */
export function newUnlimitedClient(url: string): pg.Client {
  const { connectionString } = readAddress(url)
  const { Client } = driver()
  return new Client({
    connectionString,
    types,
    application_name: 'tenantry',
    connectionTimeoutMillis: CONNECT_TIMEOUT,
  })
}

/** Connections as they are needed; none is made yet. */
export function newPool({ url, connections = 10 }: PostgresOptions): pg.Pool {
  const { Pool } = driver()
  const pool = new Pool({
    ...clientOptions(url),
    max: connections,
    idleTimeoutMillis: 60 * SECOND,
    // pg-pool calls it for each new connection; its types leave it out.
    verify: (client: pg.PoolClient, done: (error?: Error) => void) => requirePrimary(client).then(() => done(), done),
  } as pg.PoolConfig)
  // A connection that breaks fails what is under way on it; the event itself would end the process.
  pool.on('error', () => {})
  pool.on('connect', client => client.on('error', () => {}))
  return pool
}

/**
 * A standby is behind its primary: a token that was revoked would be answered for. A primary never becomes one without
 * closing its connections, so that asking once for each is enough.
 */
export async function requirePrimary(client: pg.ClientBase) {
  const { rows } = await client.query('SELECT pg_is_in_recovery() AS is_standby')
  if (rows[0]?.is_standby) throw new StandbyServer()
}

/** Without waiting for what is under way on it. */
export function closeNow(client: pg.Client | pg.PoolClient) {
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection
  if ('release' in client) client.release(true)
  else void client.end().catch(() => {})
  stream.destroy()
}

/** Whether statements may be prepared: not where another transaction may use the same session. */
export function mayPrepare(url: string): boolean {
  return !readAddress(url).isPooled
}

function clientOptions(url: string): pg.ClientConfig {
  const { connectionString, isPooled } = readAddress(url)
  return {
    connectionString,
    types,
    application_name: 'tenantry',
    // The statements of a write go out at once.
    pipeline: true,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    ...(!isPooled && {
      statement_timeout: STATEMENT_TIMEOUT,
      lock_timeout: LOCK_TIMEOUT,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT,
    }),
  } as pg.ClientConfig
}

/** Our own parameter is not PostgreSQL's. */
function readAddress(text: string): { connectionString: string; isPooled: boolean } {
  const url = new URL(text)
  const isPooled = url.searchParams.get('pgbouncer') === 'true'
  url.searchParams.delete('pgbouncer')
  followLibpq(url)
  return { connectionString: url.href, isPooled }
}

/** `allow` and `prefer` are what libpq tries before it does without; here TLS is used, and not verified. */
const AS_PREFER = new Set(['allow', 'prefer'])

/**
 * The meaning that libpq gives to `sslmode` (PostgreSQL's documentation, SSL Support): `require` encrypts without
 * verifying, or verifies against `sslrootcert` where one is given; `verify-ca` and `verify-full` verify. The driver
 * verifies for each of them unless it is set to follow libpq.
 */
function followLibpq(url: URL) {
  const mode = url.searchParams.get('sslmode')
  if (mode === null || url.searchParams.has('uselibpqcompat')) return
  if (AS_PREFER.has(mode)) url.searchParams.set('sslmode', 'prefer')
  if (mode !== 'no-verify') url.searchParams.set('uselibpqcompat', 'true')
}
