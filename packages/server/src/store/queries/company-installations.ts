import { sql } from 'kysely'
import { columns } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import { expecting, type Statement, type Store } from '../store.ts'
import { hasAll, keyOf } from './installation-keys.ts'
import {
  type InstallationKey,
  type InstallationRow,
  type InstallationView,
  listInstallations,
} from './installations.ts'

const ofCompany = new PreparedQuery(
  (db, { company_id, client_id }: Pick<InstallationKey, 'company_id' | 'client_id'>) =>
    db
      .selectFrom('installations')
      .select(columns.installations)
      .where('company_id', '=', company_id)
      .where('client_id', '=', client_id)
      .where('kind', '=', sql.lit('company')),
)

/** The installation of an app for a whole company. */
export function findCompanyInstallation(
  store: Store,
  { company_id, client_id }: Pick<InstallationKey, 'company_id' | 'client_id'>,
): Promise<InstallationRow | undefined> {
  return ofCompany.first(store, { company_id, client_id })
}

/** What is installed for whole companies, with the names. */
export function listCompanyInstallations(store: Store, companyIds: readonly number[]): Promise<InstallationView[]> {
  return listInstallations(store, { companyIds, kind: 'company' })
}

/** Changes which members a company's installation serves. Holds only while it is as it was read. */
export function setAudience({ db }: Store, before: InstallationRow, audience: 'all' | 'named', now: number): Statement {
  return expecting(
    1,
    db
      .updateTable('installations')
      .set({ audience, updated_at: now })
      .where(hasAll(keyOf(before)))
      .where('audience', '=', before.audience),
  )
}

/**
 * Holds only while a company's installation is as it was read. It shares the row: what ends or narrows the installation comes before, and
 * is noticed, or after, and ends what this write gives.
 */
export function requireCompanyInstallation({ db, engine }: Store, row: InstallationRow): Statement {
  const same = db
    .selectFrom('installations')
    .select('client_id')
    .where('company_id', '=', row.company_id)
    .where('user_id', '=', row.user_id)
    .where('client_id', '=', row.client_id)
    .where('kind', '=', 'company')
    .where('scopes', '=', row.scopes)
    .where('audience', '=', row.audience)
  return expecting(1, engine === 'sqlite' ? same : same.forShare())
}

/** Makes openings wait, and come to see what this write changes: it touches the row that they share. Holds while that serves the same members. */
export function touchCompanyInstallation({ db }: Store, row: InstallationRow, now: number): Statement {
  return expecting(
    1,
    db
      .updateTable('installations')
      .set({ updated_at: now })
      .where('company_id', '=', row.company_id)
      .where('user_id', '=', row.user_id)
      .where('client_id', '=', row.client_id)
      .where('kind', '=', 'company')
      .where('audience', '=', row.audience),
  )
}
