import { columns, columnsAs } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Store } from '../store.ts'
import { type AppFacts, appColumns } from './apps.ts'
import { companyFacts, type MembershipWithCompany } from './memberships.ts'
import type { RefreshTokenRow } from './refresh-tokens.ts'

/** A refresh token with the app that has it and the person whom it speaks for, as one query finds them. */
export interface RefreshReading {
  token: RefreshTokenRow
  app: AppFacts
  /** Active, at a company that is not suspended. */
  membership: MembershipWithCompany
}

type Row = Record<string, unknown>

/** The columns of a table under names of their own, since several tables have some of them. */
function prefixed<Alias extends string, Column extends string>(alias: Alias, names: readonly Column[]) {
  return columnsAs(alias, names).map((column, index) => `${column} as ${alias}_${names[index]!}` as const)
}

function unprefixed(row: Row, alias: string, names: readonly string[]): Row {
  const own: Row = {}
  for (const name of names) own[name] = row[`${alias}_${name}`]
  return own
}

const reading = new PreparedQuery((db, { companyId, tokenHash }: { companyId: number; tokenHash: Uint8Array }) =>
  db
    .selectFrom('refresh_tokens as t')
    .innerJoin('apps as a', 'a.client_id', 't.client_id')
    .innerJoin('memberships as m', join =>
      join.onRef('m.company_id', '=', 't.company_id').onRef('m.user_id', '=', 't.user_id'),
    )
    .innerJoin('companies as c', 'c.company_id', 't.company_id')
    .select(prefixed('t', columns.refresh_tokens))
    .select(prefixed('a', appColumns))
    .select(prefixed('m', columns.memberships))
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
  const row = (await reading.first(store, { companyId, tokenHash })) as Row | undefined
  if (!row) return undefined
  const company = Object.fromEntries(companyFactNames.map(name => [name, row[name]]))
  return {
    token: unprefixed(row, 't', columns.refresh_tokens) as unknown as RefreshTokenRow,
    app: unprefixed(row, 'a', appColumns) as unknown as AppFacts,
    membership: { ...unprefixed(row, 'm', columns.memberships), ...company } as unknown as MembershipWithCompany,
  }
}

const companyFactNames = companyFacts.map(fact => fact.slice(fact.indexOf(' as ') + ' as '.length))
