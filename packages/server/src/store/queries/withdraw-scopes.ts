import { sql } from 'kysely'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import { endMatching } from './end-installations.ts'
import { hasAll, keyOf } from './installation-keys.ts'
import type { InstallationKey, InstallationRow } from './installations.ts'

/** Installations that a change concerns: one, or those of all members whom a company's installation serves. */
type Concerned = Pick<InstallationKey, 'company_id' | 'client_id'> & { user_id?: number }

/**
 * Takes scopes from an installation, and from everything that it gave; from a company's, also from those of the members whom it serves.
 * Holds only while the installation is as it was read; what is being given at this moment comes before, and loses them too, or finds
 * that it is not allowed any more.
 */
export function withdrawScope(
  store: Store,
  before: InstallationRow,
  scopes: readonly string[],
  now: number,
): Statement[] {
  const { company_id, client_id } = before
  const kept = before.scopes.split(' ').filter(scope => !scopes.includes(scope))
  const update = expecting(
    1,
    store.db
      .updateTable('installations')
      .set({ scopes: kept.join(' ') })
      .where(hasAll(keyOf(before)))
      .where('scopes', '=', before.scopes),
  )
  const own = [update, ...withdrawFromTokens(store, before, scopes)]
  if (before.kind !== 'company') return own
  const members = scopes.map(scope =>
    statement(
      store.db
        .updateTable('installations')
        .set({ scopes: without(scope) })
        .where('company_id', '=', company_id)
        .where('client_id', '=', client_id)
        .where('kind', '=', 'member')
        .where(holds(scope)),
    ),
  )
  const emptied = { company_id, client_id, kind: 'member' as const, scopes: '' }
  return [
    ...own,
    ...members,
    ...withdrawFromTokens(store, { company_id, client_id }, scopes),
    ...endMatching(store, emptied, now),
  ]
}

function withdrawFromTokens({ db }: Store, { user_id, ...of }: Concerned, scopes: readonly string[]): Statement[] {
  return (['access_tokens', 'refresh_tokens', 'authorization_codes'] as const).flatMap(table =>
    scopes.map(scope => {
      const given = db
        .updateTable(table)
        .set({ scopes: without(scope) })
        .where('company_id', '=', of.company_id)
        .where('client_id', '=', of.client_id)
        .where(holds(scope))
      if (user_id !== undefined) return statement(given.where('user_id', '=', user_id))
      const served = db
        .selectFrom('installations')
        .select('user_id')
        .where('company_id', '=', of.company_id)
        .where('client_id', '=', of.client_id)
        .where('kind', '=', 'member')
      return statement(given.where('user_id', 'in', served))
    }),
  )
}

/** The scopes of a row but for one. */
function without(scope: string) {
  return sql<string>`trim(replace(' ' || scopes || ' ', cast(${` ${scope} `} as text), ' '))`
}

function holds(scope: string) {
  return sql<boolean>`replace(' ' || scopes || ' ', cast(${` ${scope} `} as text), '') <> ' ' || scopes || ' '`
}
