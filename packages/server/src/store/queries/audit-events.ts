import { type Selectable, sql } from 'kysely'
import type { AuditEventsTable } from '../administration-schema.ts'
import { columns } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import { readInBackground, type Statement, type Store, statement } from '../store.ts'

export type AuditEventRow = Selectable<AuditEventsTable>

const insertion = new PreparedQuery((db, row: AuditEventRow) =>
  db.insertInto('audit_events').values({
    company_id: row.company_id,
    event_id: row.event_id,
    action: row.action,
    actor_type: row.actor_type,
    actor_id: row.actor_id,
    user_id: row.user_id,
    client_id: row.client_id,
    entry: row.entry,
    personal: row.personal,
    salt: row.salt,
    seq: row.seq,
    hash: row.hash,
  }),
)

export function insertAuditEvent(store: Store, row: AuditEventRow): Statement {
  return insertion.statement(store, row)
}

/** Events that are looked at for the companies they belong to. */
const LOOKED_AT = 1000

/** Some of the companies that have events which are not chained yet. The order is that of the index of these alone. */
export async function listCompaniesToChain(store: Store, limit: number): Promise<number[]> {
  const query = sql<{ company_id: number }>`SELECT DISTINCT company_id FROM (
      SELECT company_id, event_id FROM audit_events WHERE seq IS NULL ORDER BY company_id, event_id LIMIT ${sql.lit(LOOKED_AT)}
    ) AS waiting LIMIT ${sql.lit(limit)}`
  const rows = await readInBackground<{ company_id: number }>(store, query.compile(store.db))
  return rows.map(({ company_id }) => company_id)
}

/** The oldest first. */
export function listUnchained({ db }: Store, companyId: number, limit: number): Promise<AuditEventRow[]> {
  return db
    .selectFrom('audit_events')
    .select(columns.audit_events)
    .where('company_id', '=', companyId)
    .where('seq', 'is', null)
    .orderBy('event_id')
    .limit(limit)
    .execute()
}

export async function countUnchained({ db }: Store, companyId: number): Promise<number> {
  const { count } = await db
    .selectFrom('audit_events')
    .select(eb => eb.fn.countAll<number>().as('count'))
    .where('company_id', '=', companyId)
    .where('seq', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The last event of a chain. */
export function findChainEnd({ db }: Store, companyId: number): Promise<AuditEventRow | undefined> {
  return db
    .selectFrom('audit_events')
    .select(columns.audit_events)
    .where('company_id', '=', companyId)
    .where('seq', 'is not', null)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
}

const chained = new PreparedQuery(
  (db, { company_id, event_id, place, hash }: Pick<AuditEventRow, 'company_id' | 'event_id'> & Place) =>
    db
      .updateTable('audit_events')
      .set({ seq: place, hash })
      .where('company_id', '=', company_id)
      .where('event_id', '=', event_id)
      .where('seq', 'is', null),
)

interface Place {
  place: number
  hash: Uint8Array
}

/** Holds only while the event is not chained; a place that is taken is a unique violation. */
export function chainEvent(store: Store, { company_id, event_id }: AuditEventRow, seq: number, hash: Uint8Array) {
  return chained.expecting(1, store, { company_id, event_id, place: seq, hash })
}

/** A part of a chain, in its order. */
export function listChained({ db }: Store, companyId: number, after: number, limit: number): Promise<AuditEventRow[]> {
  return db
    .selectFrom('audit_events')
    .select(columns.audit_events)
    .where('company_id', '=', companyId)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .execute()
}

export interface AuditQuery {
  companyId: number
  action?: string
  userId?: number
  clientId?: string
  /** Only those whose id comes before it. */
  before?: string
  limit: number
}

/** Events of a company, the newest first. */
export function listAuditEvents(
  { db }: Store,
  { companyId, action, userId, clientId, before, limit }: AuditQuery,
): Promise<AuditEventRow[]> {
  let query = db.selectFrom('audit_events').select(columns.audit_events).where('company_id', '=', companyId)
  if (action !== undefined) query = query.where('action', '=', action)
  if (userId !== undefined) query = query.where('user_id', '=', userId)
  if (clientId !== undefined) query = query.where('client_id', '=', clientId)
  if (before !== undefined) query = query.where('event_id', '<', before)
  return query.orderBy('event_id', 'desc').limit(limit).execute()
}

/** Every event about a user, at all companies. */
export function listAuditEventsOfUser({ db }: Store, userId: number): Promise<AuditEventRow[]> {
  return db
    .selectFrom('audit_events')
    .select(columns.audit_events)
    .where('user_id', '=', userId)
    .orderBy('event_id')
    .execute()
}

/** Every company that has a chain. */
export async function listChains({ db }: Store): Promise<number[]> {
  const rows = await db.selectFrom('audit_events').select('company_id').distinct().orderBy('company_id').execute()
  return rows.map(({ company_id }) => company_id)
}

/** The next company that has events, by its id. */
export async function findNextChain({ db }: Store, after: number): Promise<number | undefined> {
  const row = await db
    .selectFrom('audit_events')
    .select('company_id')
    .where('company_id', '>', after)
    .orderBy('company_id')
    .limit(1)
    .executeTakeFirst()
  return row?.company_id
}

/** Removes the personal values of every event about a user; what is chained stays. */
export function eraseAuditEventsOfUser({ db }: Store, userId: number): Statement {
  return statement(db.updateTable('audit_events').set({ personal: null, salt: null }).where('user_id', '=', userId))
}
