import { sql } from 'kysely'
import { type BearerRecord, type MemberField, memberColumns } from '../bearer-record.ts'
import type { Store } from '../store.ts'
import { contains } from './lists.ts'

/** A member of a company as its apps may read. */
export type ColleagueRow = Pick<BearerRecord, MemberField>

export interface ColleaguesQuery {
  companyId: number
  /** Whose token asks: app users are left out, but for this one. */
  askedBy: number
  /** Only those whose name holds it, or whose e-mail does. */
  search?: { in: 'name' | 'email'; text: string }
  /** Only those whose id comes after it. */
  after?: number
  offset?: number
  limit: number
}

/** Members of a company, active or not, in the order of their ids. */
export function listColleagues(
  { db }: Store,
  { companyId, askedBy, search, after = 0, offset = 0, limit }: ColleaguesQuery,
): Promise<ColleagueRow[]> {
  let query = db
    .selectFrom('memberships as m')
    .select(['m.user_id as userId', ...memberColumns])
    .where('m.company_id', '=', companyId)
    .where('m.user_id', '>', after)
    .where(isColleague(askedBy))
    .orderBy('m.user_id')
    .limit(limit)
  if (search) query = query.where(contains([`m.${search.in}`], search.text))
  return (offset > 0 ? query.offset(offset) : query).execute()
}

export function findColleague(
  { db }: Store,
  companyId: number,
  userId: number,
  askedBy: number,
): Promise<ColleagueRow | undefined> {
  return db
    .selectFrom('memberships as m')
    .select(['m.user_id as userId', ...memberColumns])
    .where('m.company_id', '=', companyId)
    .where('m.user_id', '=', userId)
    .where(isColleague(askedBy))
    .executeTakeFirst()
}

function isColleague(askedBy: number) {
  return sql<boolean>`(m.app_client_id IS NULL OR m.user_id = ${askedBy})`
}
