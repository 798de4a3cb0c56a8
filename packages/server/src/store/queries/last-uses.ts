import type { Store } from '../store.ts'
import type { InstallationKey } from './installations.ts'

/** When each installation's tokens were refreshed or given last, in milliseconds since 1970. */
export type LastUses = ReadonlyMap<string, number>

export function lastUseKey({ company_id, client_id }: Pick<InstallationKey, 'company_id' | 'client_id'>): string {
  return `${company_id} ${client_id}`
}

/** Of one user's installations at the given companies. */
export async function findLastUses({ db }: Store, userId: number, companyIds: readonly number[]): Promise<LastUses> {
  if (companyIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('refresh_tokens')
    .select(['company_id', 'client_id'])
    .select(eb => eb.fn.max('created_at').as('used_at'))
    .where('company_id', 'in', companyIds)
    .where('user_id', '=', userId)
    .groupBy(['company_id', 'client_id'])
    .execute()
  return new Map(rows.map(row => [lastUseKey(row), Number(row.used_at)]))
}

/** Of an app at a company, by the ids of some of its users. */
export async function findLastUsesOfApp(
  { db }: Store,
  { company_id, client_id }: Pick<InstallationKey, 'company_id' | 'client_id'>,
  userIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  if (userIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('refresh_tokens')
    .select('user_id')
    .select(eb => eb.fn.max('created_at').as('used_at'))
    .where('company_id', '=', company_id)
    .where('user_id', 'in', userIds)
    .where('client_id', '=', client_id)
    .groupBy('user_id')
    .execute()
  return new Map(rows.map(({ user_id, used_at }) => [user_id, Number(used_at)]))
}
