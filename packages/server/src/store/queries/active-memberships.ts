import { sql } from 'kysely'
import { documentHost, isBlockedApp } from '../blocked-apps.ts'
import { columns, columnsAs } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import { expecting, type Statement, type Store } from '../store.ts'
import { companyFacts, type MembershipWithCompany } from './memberships.ts'

interface Grantee {
  companyId: number
  userId: number
  /** With a space on each side, as they stand in a list with spaces around it; the host is empty where there is none. */
  clientId: string
  host: string
}

/** Whether a list of a company's, as it is stored, does not have this. Nothing is replaced by an empty text. */
function isNotAmong(list: 'c.blocked_apps' | 'c.blocked_hosts', text: string) {
  const stored = sql<string>`' ' || coalesce(${sql.ref(list)}, '') || ' '`
  return sql<boolean>`replace(${stored}, ${text}, '') = ${stored}`
}

/** The membership while it is active, the company is not suspended, and it does not block the app. */
export function activeGrantee(db: Pick<Store['db'], 'selectFrom'>, { companyId, userId, clientId, host }: Grantee) {
  return db
    .selectFrom('memberships as m')
    .innerJoin('companies as c', 'c.company_id', 'm.company_id')
    .select('m.user_id')
    .where('m.company_id', '=', companyId)
    .where('m.user_id', '=', userId)
    .where('m.active', '=', 1)
    .where('m.user_active', '=', 1)
    .where('c.suspended_at', 'is', null)
    .where(isNotAmong('c.blocked_apps', clientId))
    .where(isNotAmong('c.blocked_hosts', host))
}

const stillActive = new PreparedQuery((db, grantee: Grantee) => activeGrantee(db, grantee))

/** Whose membership it is, as queries compare it with what a company blocks. */
export function granteeOf(companyId: number, userId: number, clientId: string): Grantee {
  const host = documentHost(clientId)
  return { companyId, userId, clientId: ` ${clientId} `, host: host === undefined ? '' : ` ${host} ` }
}

/** Holds only while the membership is active, the company is not suspended, and it does not block the app. */
export function requireActiveMembership(store: Store, companyId: number, userId: number, clientId: string): Statement {
  return stillActive.expecting(1, store, granteeOf(companyId, userId, clientId))
}

/** Holds only while someone is an administrator of the company, and may use the app there. */
export function requireAdministrator(store: Store, companyId: number, userId: number, clientId: string): Statement[] {
  return [
    requireActiveMembership(store, companyId, userId, clientId),
    ...requireAdministratorOf(store, companyId, userId),
  ]
}

/** Holds only while someone is an administrator of the company, and it is not suspended. */
export function requireAdministratorOf(store: Store, companyId: number, userId: number): Statement[] {
  const isAdministrator = store.db
    .selectFrom('memberships as m')
    .innerJoin('companies as c', 'c.company_id', 'm.company_id')
    .select('m.user_id')
    .where('m.company_id', '=', companyId)
    .where('m.user_id', '=', userId)
    .where('m.is_admin', '=', 1)
    .where('m.active', '=', 1)
    .where('m.user_active', '=', 1)
    .where('c.suspended_at', 'is', null)
  return [expecting(1, isAdministrator)]
}

const active = new PreparedQuery((db, { companyId, userId }: { companyId: number; userId: number }) =>
  db
    .selectFrom('memberships as m')
    .innerJoin('companies as c', 'c.company_id', 'm.company_id')
    .select(columnsAs('m', columns.memberships))
    .select(companyFacts)
    .where('m.company_id', '=', companyId)
    .where('m.user_id', '=', userId)
    .where('m.active', '=', 1)
    .where('m.user_active', '=', 1)
    .where('c.suspended_at', 'is', null),
)

/**
 * The membership if its tokens may be used now: it is active, so is its user, the company is not suspended, and it does not block the
 * app that uses them.
 */
export async function findActiveMembership(
  store: Store,
  companyId: number,
  userId: number,
  clientId?: string,
): Promise<MembershipWithCompany | undefined> {
  const key = { companyId, userId }
  const read = () => active.first(store, key)
  const found = await (store.remembered?.find(key, read) ?? read())
  if (!found || clientId === undefined) return found
  return isBlockedApp(found.company_blocked_apps, found.company_blocked_hosts, clientId) ? undefined : found
}
