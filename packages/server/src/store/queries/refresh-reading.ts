import { columns } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Store } from '../store.ts'
import { type AppFacts, appColumns } from './apps.ts'
import { type JoinedRow, joined } from './joined.ts'
import { companyFacts, type MembershipRow, type MembershipWithCompany } from './memberships.ts'
import type { RefreshTokenRow } from './refresh-tokens.ts'

/** A refresh token with the app that has it and the person whom it speaks for, as one query finds them. */
export interface RefreshReading {
  token: RefreshTokenRow
  app: AppFacts
  /** Active, at a company that is not suspended. */
  membership: MembershipWithCompany
}

const tokens = joined('t', columns.refresh_tokens)
const apps = joined('a', appColumns)
const memberships = joined('m', columns.memberships)

const reading = new PreparedQuery((db, { companyId, tokenHash }: { companyId: number; tokenHash: Uint8Array }) =>
  db
    .selectFrom('refresh_tokens as t')
    .innerJoin('apps as a', 'a.client_id', 't.client_id')
    .innerJoin('memberships as m', join =>
      join.onRef('m.company_id', '=', 't.company_id').onRef('m.user_id', '=', 't.user_id'),
    )
    .innerJoin('companies as c', 'c.company_id', 't.company_id')
    .select(tokens.columns)
    .select(apps.columns)
    .select(memberships.columns)
    .select(companyFacts)
    .where('t.company_id', '=', companyId)
    .where('t.token_hash', '=', tokenHash)
    .where('m.active', '=', 1)
    .where('m.user_active', '=', 1)
    .where('c.suspended_at', 'is', null),
)

/** Undefined where one of them is not there, or is not active. */
export async function readForRefresh(
  store: Store,
  companyId: number,
  tokenHash: Uint8Array,
): Promise<RefreshReading | undefined> {
  const row = (await reading.first(store, { companyId, tokenHash })) as JoinedRow | undefined
  if (!row) return undefined
  const company = Object.fromEntries(companyFactNames.map(name => [name, row[name]]))
  return {
    token: tokens.of<RefreshTokenRow>(row),
    app: apps.of<AppFacts>(row),
    membership: { ...memberships.of<MembershipRow>(row), ...company } as MembershipWithCompany,
  }
}

const companyFactNames = companyFacts.map(fact => fact.slice(fact.indexOf(' as ') + ' as '.length))
