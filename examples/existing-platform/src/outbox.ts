import { setTimeout as sleep } from 'node:timers/promises'
import { type AdminOptions, type BulkLine, bulk } from '@tenantry/admin'
import type { Pool, PoolClient } from 'pg'

interface Entry {
  id: string
  kind: 'company' | 'user' | 'member'
  company_id: string | null
  person_id: string | null
}

/** Any number that no other program takes: one process at a time empties the outbox. */
const LOCK = 7_077_077
const BATCH = 500
const PAUSE = 250

/**
 * Tells Tenantry what has changed, until it is aborted. An entry says only which row: what is sent is the row as it is now, and what is deleted from
 * the outbox was answered. So a process that dies at any point, or an answer that is lost, means that something is sent twice. That changes nothing.
 */
export async function emptyOutbox(pool: Pool, tenantry: AdminOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const sent = await sendBatch(pool, tenantry).catch(error => {
      console.error('the outbox waits:', (error as Error).message)
      return 0
    })
    if (sent === 0) await sleep(PAUSE, undefined, { signal }).catch(() => {})
  }
}

/** @returns how many entries are done */
async function sendBatch(pool: Pool, tenantry: AdminOptions): Promise<number> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rows: locked } = await client.query('SELECT pg_try_advisory_xact_lock($1) AS mine', [LOCK])
    const entries = locked[0].mine ? await readEntries(client) : []
    const done = entries.length === 0 ? 0 : await send(client, tenantry, entries)
    await client.query('COMMIT')
    return done
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  } finally {
    client.release()
  }
}

/** Those that failed before come last, so that they hold up no others. */
async function readEntries(client: PoolClient): Promise<Entry[]> {
  const { rows } = await client.query(
    'SELECT id, kind, company_id, person_id FROM outbox ORDER BY last_error IS NOT NULL, id LIMIT $1',
    [BATCH],
  )
  return rows
}

async function send(client: PoolClient, tenantry: AdminOptions, entries: Entry[]): Promise<number> {
  // Several changes of a row are one line.
  const byRow = Map.groupBy(entries, ({ kind, company_id, person_id }) => `${kind} ${company_id} ${person_id}`)
  const changes: { line: BulkLine; ids: string[] }[] = []
  for (const same of byRow.values()) {
    changes.push({ line: await lineFor(client, same[0]!), ids: same.map(({ id }) => id) })
  }
  changes.sort((a, b) => rank(a.line) - rank(b.line))
  const done: string[] = []
  for await (const { line, status, code, detail } of bulk(
    tenantry,
    changes.map(change => change.line),
  )) {
    const { ids } = changes[line - 1]!
    // What is not there any more need not be deleted.
    if (status !== 'failed' || code === 'not_found') done.push(...ids)
    else await client.query('UPDATE outbox SET last_error = $1 WHERE id = ANY($2)', [detail, ids])
  }
  await client.query('DELETE FROM outbox WHERE id = ANY($1)', [done])
  return done.length
}

/** The row as it is now; its deletion where it is gone. */
async function lineFor(client: PoolClient, { kind, company_id, person_id }: Entry): Promise<BulkLine> {
  if (kind === 'company') {
    const { rows } = await client.query('SELECT name, subdomain FROM companies WHERE id = $1', [company_id])
    const key = { type: 'company' as const, company_id: Number(company_id) }
    return rows[0] ? { ...key, name: rows[0].name, domain: rows[0].subdomain } : { ...key, delete: true }
  }
  if (kind === 'user') {
    const { rows } = await client.query('SELECT name, email, language, blocked FROM people WHERE id = $1', [person_id])
    const key = { type: 'user' as const, user_id: Number(person_id) }
    if (!rows[0]) return { ...key, delete: true }
    const { name, email, language, blocked } = rows[0]
    // No password: people sign in here.
    return { ...key, name, email, locale: language, active: !blocked }
  }
  const { rows } = await client.query('SELECT is_admin FROM employments WHERE company_id = $1 AND person_id = $2', [
    company_id,
    person_id,
  ])
  const key = { type: 'member' as const, company_id: Number(company_id), user_id: Number(person_id) }
  return rows[0] ? { ...key, is_admin: rows[0].is_admin } : { ...key, delete: true }
}

/** A member needs its company and its user: they are made before it, and deleted after it. */
function rank(line: BulkLine): number {
  const isDeletion = 'delete' in line
  if (line.type === 'member') return isDeletion ? 0 : 3
  if (isDeletion) return line.type === 'user' ? 4 : 5
  return line.type === 'company' ? 1 : 2
}
