import type { Selectable } from 'kysely'
import type { MemberAccessTable } from '../app-schema.ts'
import { columns } from '../columns.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import { asRead } from './as-read.ts'

export type MemberAccessRow = Selectable<MemberAccessTable>
type AccessKey = Pick<MemberAccessRow, 'company_id' | 'client_id' | 'user_id'>

export function findMemberAccess({ db }: Store, key: AccessKey): Promise<MemberAccessRow | undefined> {
  return db
    .selectFrom('member_access')
    .select(columns.member_access)
    .where('company_id', '=', key.company_id)
    .where('client_id', '=', key.client_id)
    .where('user_id', '=', key.user_id)
    .executeTakeFirst()
}

/** What was said of members and an app, in the order of the members' ids. */
export function pageOfMemberAccess(
  { db }: Store,
  only: { companyId: number; clientId: string; after?: number; limit: number },
): Promise<MemberAccessRow[]> {
  let query = db
    .selectFrom('member_access')
    .select(columns.member_access)
    .where('company_id', '=', only.companyId)
    .where('client_id', '=', only.clientId)
  if (only.after !== undefined) query = query.where('user_id', '>', only.after)
  return query.orderBy('user_id').limit(only.limit).execute()
}

/** What a member has left out, and what administrators have said of them. */
export function listAccessOfMember({ db }: Store, userId: number, companyIds: readonly number[]) {
  if (companyIds.length === 0) return Promise.resolve([])
  return db
    .selectFrom('member_access')
    .select(columns.member_access)
    .where('company_id', 'in', companyIds)
    .where('user_id', '=', userId)
    .execute()
}

export type MemberAccessChange = Partial<Omit<MemberAccessRow, keyof AccessKey>>

/** Sets some of what is said; the rest stays. */
export function putMemberAccess({ db }: Store, key: AccessKey, change: MemberAccessChange): Statement {
  const row = { ...key, access: null, left_out_at: null, withheld: null, ...change }
  return statement(
    db
      .insertInto('member_access')
      .values(row)
      .onConflict(conflict => conflict.columns(['company_id', 'client_id', 'user_id']).doUpdateSet(change)),
  )
}

/** Takes back that the member left the app out, or a part of it. What administrators have said stays. */
export function forgetLeavingOut({ db }: Store, key: AccessKey): Statement {
  return statement(
    db
      .updateTable('member_access')
      .set({ left_out_at: null, withheld: null })
      .where('company_id', '=', key.company_id)
      .where('client_id', '=', key.client_id)
      .where('user_id', '=', key.user_id),
  )
}

/** Of an app that is being deleted, at one company. */
export function deleteMemberAccess({ db }: Store, companyId: number, clientId: string): Statement {
  return statement(db.deleteFrom('member_access').where('company_id', '=', companyId).where('client_id', '=', clientId))
}

/** Holds only while what is said of a member is as it was read. Must follow {@link requireCompanyInstallation}. */
export function requireMemberAccess({ db }: Store, key: AccessKey, said: MemberAccessRow | undefined): Statement {
  const own = db
    .selectFrom('member_access')
    .select('user_id')
    .where('company_id', '=', key.company_id)
    .where('client_id', '=', key.client_id)
    .where('user_id', '=', key.user_id)
  if (!said) return expecting(0, own)
  const { access, left_out_at, withheld } = said
  return expecting(1, own.where(asRead<'member_access'>({ access, left_out_at, withheld })))
}
