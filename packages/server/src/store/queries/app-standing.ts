import { sql } from 'kysely'
import { columns } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Store } from '../store.ts'
import type { AppPolicyRow } from './app-policies.ts'
import type { CompanyRow } from './companies.ts'
import type { InstallationKey, InstallationRow } from './installations.ts'
import { type JoinedRow, joined } from './joined.ts'

/** What a company has said and done of an app, and what one of its users has of it, as one query finds it. */
export interface AppStanding {
  company: CompanyRow
  /** Undefined where it has not decided on the app. */
  decision: AppPolicyRow | undefined
  /** Undefined where the app is not installed for the whole company. */
  installation: InstallationRow | undefined
  /** Undefined where the user has not installed it, nor a company's installation has served them. */
  own: InstallationRow | undefined
}

const companies = joined('c', columns.companies)
const policies = joined('p', columns.app_policies)
const installations = joined('i', columns.installations)
const ownInstallations = joined('o', columns.installations)

const standing = new PreparedQuery((db, { company_id, user_id, client_id }: InstallationKey) =>
  db
    .selectFrom('companies as c')
    .leftJoin('app_policies as p', join =>
      join.onRef('p.company_id', '=', 'c.company_id').on('p.client_id', '=', client_id),
    )
    .leftJoin('installations as i', join =>
      join
        .onRef('i.company_id', '=', 'c.company_id')
        .on('i.client_id', '=', client_id)
        .on('i.kind', '=', sql.lit('company')),
    )
    .leftJoin('installations as o', join =>
      join.onRef('o.company_id', '=', 'c.company_id').on('o.user_id', '=', user_id).on('o.client_id', '=', client_id),
    )
    .select(companies.columns)
    .select(policies.columns)
    .select(installations.columns)
    .select(ownInstallations.columns)
    .where('c.company_id', '=', company_id),
)

/** Undefined where there is no such company. */
export async function findAppStanding(
  store: Store,
  { company_id, user_id, client_id }: InstallationKey,
): Promise<AppStanding | undefined> {
  const row = (await standing.first(store, { company_id, user_id, client_id })) as JoinedRow | undefined
  if (!row) return undefined
  return {
    company: companies.of<CompanyRow>(row),
    decision: row.p_client_id === null ? undefined : policies.of<AppPolicyRow>(row),
    installation: row.i_client_id === null ? undefined : installations.of<InstallationRow>(row),
    own: row.o_client_id === null ? undefined : ownInstallations.of<InstallationRow>(row),
  }
}
