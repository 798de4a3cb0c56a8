import type { Selectable } from 'kysely'
import { columns, columnsAs } from '../columns.ts'
import { byLength, itemsOf, PreparedQuery } from '../prepared-query.ts'
import type { MembershipsTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import { asRead } from './as-read.ts'
import { endInstallations } from './end-installations.ts'
import { type ListPage, paged } from './lists.ts'

export type MembershipRow = Selectable<MembershipsTable>

/** A membership with what a person is shown of its company. */
export type MembershipWithCompany = MembershipRow & {
  company_name: string
  company_domain: string
  company_suspended_at: number | null
  /** Client ids, hosts and scopes that the company blocks, as they are stored. */
  company_blocked_apps: string | null
  company_blocked_hosts: string | null
  company_developers: 'none' | 'admins' | 'members'
  company_blocked_scopes: string | null
}

export const companyFacts = [
  'c.name as company_name',
  'c.domain as company_domain',
  'c.suspended_at as company_suspended_at',
  'c.blocked_apps as company_blocked_apps',
  'c.blocked_hosts as company_blocked_hosts',
  'c.blocked_scopes as company_blocked_scopes',
  'c.developers as company_developers',
] as const

export function insertMembership({ db }: Store, row: MembershipRow): Statement[] {
  return [
    // Holds only while the user is as it was read: a concurrent deletion or deactivation is a conflict.
    expecting(
      1,
      db
        .updateTable('users')
        .set({ active: row.user_active })
        .where('user_id', '=', row.user_id)
        .where('active', '=', row.user_active)
        .where('deleted_at', 'is', null),
    ),
    statement(db.insertInto('memberships').values(row)),
    statement(db.insertInto('user_companies').values({ user_id: row.user_id, company_id: row.company_id })),
  ]
}

const byKey = new PreparedQuery((db, { companyId, userId }: { companyId: number; userId: number }) =>
  db
    .selectFrom('memberships')
    .select(columns.memberships)
    .where('company_id', '=', companyId)
    .where('user_id', '=', userId),
)

export function findMembership(store: Store, companyId: number, userId: number): Promise<MembershipRow | undefined> {
  return byKey.first(store, { companyId, userId })
}

/** The same of a person: the company's app users are no one's to administer. */
export async function findMember(store: Store, companyId: number, userId: number): Promise<MembershipRow | undefined> {
  const found = await findMembership(store, companyId, userId)
  return found?.app_client_id === null ? found : undefined
}

/** People of a company by an e-mail there, in any form that it may be stored in. */
export function findMembersByEmail(
  { db }: Store,
  companyId: number,
  forms: readonly string[],
): Promise<MembershipRow[]> {
  return db
    .selectFrom('memberships')
    .select(columns.memberships)
    .where('email', 'in', forms)
    .where('company_id', '=', companyId)
    .where('app_client_id', 'is', null)
    .execute()
}

const companiesOf = new PreparedQuery((db, { userId }: { userId: number }) =>
  db.selectFrom('user_companies').select('company_id').where('user_id', '=', userId).orderBy('company_id'),
)

export async function listCompanyIdsOfUser(store: Store, userId: number): Promise<number[]> {
  return (await companiesOf.all(store, { userId })).map(row => row.company_id)
}

const atCompanies = byLength(
  length =>
    new PreparedQuery((db, values: { userId: number } & Record<number, number>) =>
      db
        .selectFrom('memberships as m')
        .innerJoin('companies as c', 'c.company_id', 'm.company_id')
        .select(columnsAs('m', columns.memberships))
        .select(companyFacts)
        .where('m.company_id', 'in', itemsOf(values, length))
        .where('m.user_id', '=', values.userId)
        .orderBy('m.company_id'),
    ),
)

const everywhere = new PreparedQuery((db, { userId }: { userId: number }) =>
  db
    .selectFrom('user_companies as u')
    .innerJoin('memberships as m', join =>
      join.onRef('m.company_id', '=', 'u.company_id').onRef('m.user_id', '=', 'u.user_id'),
    )
    .innerJoin('companies as c', 'c.company_id', 'u.company_id')
    .select(columnsAs('m', columns.memberships))
    .select(companyFacts)
    .where('u.user_id', '=', userId)
    .orderBy('u.company_id'),
)

/** Every membership of a user, active or not, in the order of company ids. */
export async function listMembershipsOfUser(store: Store, userId: number): Promise<MembershipWithCompany[]> {
  if (!store.isDistributed) return everywhere.all(store, { userId })
  // Only the machines of these companies are asked.
  const companyIds = await listCompanyIdsOfUser(store, userId)
  if (companyIds.length === 0) return []
  return atCompanies(companyIds.length).all(store, { userId, ...companyIds })
}

/** Members of a company, or the companies of a user, in the order of ids. App users are left out, unless they are asked for. */
export function listMembers(
  { db }: Store,
  {
    companyId,
    userId,
    after,
    withAppUsers = false,
    ...page
  }: {
    companyId?: number | undefined
    userId?: number | undefined
    after?: number | undefined
    withAppUsers?: boolean
  } & ListPage,
): Promise<MembershipRow[]> {
  let query = db.selectFrom('memberships').select(columns.memberships).orderBy('company_id').orderBy('user_id')
  if (companyId !== undefined) query = query.where('company_id', '=', companyId)
  if (userId !== undefined) query = query.where('user_id', '=', userId)
  // Among the members of one company.
  if (after !== undefined) query = query.where('user_id', '>', after)
  if (!withAppUsers) query = query.where('app_client_id', 'is', null)
  return paged(query, page).execute()
}

export type MembershipChange = Partial<
  Pick<
    MembershipRow,
    'name' | 'email' | 'phone' | 'locale' | 'timezone' | 'currency' | 'is_admin' | 'role_id' | 'icon_url' | 'active'
  >
>

/** Holds only while the membership is as it was read, but for what only we write: the last sign-in, the user's state. */
export function updateMembership({ db }: Store, before: MembershipRow, after: MembershipRow): Statement {
  return expecting(
    1,
    db
      .updateTable('memberships')
      .set({ ...changeable(after), modified_at: after.modified_at })
      .where('company_id', '=', before.company_id)
      .where('user_id', '=', before.user_id)
      .where(asRead<'memberships'>(changeable(before))),
  )
}

function changeable(row: MembershipRow): Required<MembershipChange> {
  const { name, email, phone, locale, timezone, currency, is_admin, role_id, icon_url, active } = row
  return { name, email, phone, locale, timezone, currency, is_admin, role_id, icon_url, active }
}

/** Ends a membership with its installations, their codes and tokens. Holds only if there is such a membership. */
export function endMembership(store: Store, companyId: number, userId: number, endedAt: number): Statement[] {
  const { db } = store
  return [
    ...lockMembership(store, companyId, userId),
    ...endInstallations(store, { company_id: companyId, user_id: userId }, endedAt),
    expecting(1, db.deleteFrom('memberships').where('company_id', '=', companyId).where('user_id', '=', userId)),
    statement(db.deleteFrom('user_companies').where('user_id', '=', userId).where('company_id', '=', companyId)),
  ]
}

export function recordSignIn({ db }: Store, userId: number, companyIds: number[], signedInAt: number): Statement[] {
  return companyIds.map(companyId =>
    statement(
      db
        .updateTable('memberships')
        .set({ last_login_at: signedInAt })
        .where('company_id', '=', companyId)
        .where('user_id', '=', userId),
    ),
  )
}

/** Whether a membership counts now: it is active, so is its user, and the company is not suspended. */
export function isInForce({ active, user_active, company_suspended_at }: MembershipWithCompany): boolean {
  return active === 1 && user_active === 1 && company_suspended_at === null
}

/**
 * Keeps installations from being added to a membership until this write is done. SQLite's writes are serial
 * anyway; elsewhere the statements that end installations would miss one that is added at the same moment.
 */
function lockMembership({ db, engine }: Store, companyId: number, userId: number): Statement[] {
  if (engine === 'sqlite') return []
  const query = db
    .selectFrom('memberships')
    .select('user_id')
    .where('company_id', '=', companyId)
    .where('user_id', '=', userId)
    .forUpdate()
  return [statement(query)]
}

/**
 * Holds only while the user is a member of this many companies. Must follow a statement that touches the user's row, as
 * adding a membership does, so that none is added concurrently.
 */
export function requireMembershipCount({ db }: Store, userId: number, count: number): Statement {
  return expecting(count, db.selectFrom('user_companies').select('company_id').where('user_id', '=', userId))
}
