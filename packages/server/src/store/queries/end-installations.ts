import { sql } from 'kysely'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import { hasAll, type Matching } from './installation-keys.ts'
import type { InstallationKey } from './installations.ts'

/** All installations of a member, or the one of an app. */
export type InstallationsOf = Omit<InstallationKey, 'client_id'> & { client_id?: string }

/**
 * Ends installations: queues the uninstall callbacks that their apps asked for, then deletes the installations, and with
 * them by cascade their codes and tokens. With a `client_id` it holds only if that app is installed.
 * @param endedAt milliseconds since 1970
 */
export function endInstallations(store: Store, of: InstallationsOf, endedAt: number): Statement[] {
  return [queueUninstallCallbacks(store, of, endedAt), deleteInstallations(store, of)]
}

/**
 * Ends a company's installation with those of the members whom it serves. Holds only if there is one. Its row goes first: an opening
 * that holds it now comes before, and is ended as well.
 */
export function endCompanyInstallation(store: Store, key: InstallationKey, endedAt: number): Statement[] {
  const { company_id, client_id } = key
  return [
    ...endInstallations(store, key, endedAt),
    ...endMatching(store, { company_id, client_id, kind: 'member' }, endedAt),
  ]
}

/** Ends the installation of a member, if there is one. */
export function endInstallationOf(store: Store, { company_id, user_id, client_id }: InstallationKey, endedAt: number) {
  return endMatching(store, { company_id, user_id, client_id }, endedAt)
}

/** Ends those of all members but named ones. */
export function endUnnamed(store: Store, of: Pick<InstallationKey, 'company_id' | 'client_id'>, endedAt: number) {
  const { db } = store
  const named = db
    .selectFrom('member_access')
    .select('user_id')
    .where('company_id', '=', of.company_id)
    .where('client_id', '=', of.client_id)
    .where('access', '=', 'allowed')
  const ending = { company_id: of.company_id, client_id: of.client_id }
  return [
    statement(
      queueing(store, endedAt, select =>
        select.where(hasAll(ending, 'i')).where('i.kind', '<>', 'company').where('i.user_id', 'not in', named),
      ),
    ),
    statement(
      db
        .deleteFrom('installations')
        .where(hasAll(ending))
        .where('kind', '<>', 'company')
        .where('user_id', 'not in', named),
    ),
  ]
}

export function endMatching(store: Store, matching: Matching, endedAt: number): Statement[] {
  return [
    statement(queueing(store, endedAt, select => select.where(hasAll(matching, 'i')))),
    statement(store.db.deleteFrom('installations').where(hasAll(matching))),
  ]
}

/** Deletes an installation of an app that is being deleted itself: no callback is queued. */
export function discardInstallation(store: Store, { company_id, user_id, client_id }: InstallationKey): Statement {
  return deleteInstallations(store, { company_id, user_id, client_id })
}

function deleteInstallations({ db }: Store, { company_id, user_id, client_id }: InstallationsOf): Statement {
  const ofMember = db.deleteFrom('installations').where('company_id', '=', company_id).where('user_id', '=', user_id)
  return client_id === undefined ? statement(ofMember) : expecting(1, ofMember.where('client_id', '=', client_id))
}

function queueUninstallCallbacks(store: Store, of: InstallationsOf, endedAt: number): Statement {
  const { company_id, user_id, client_id } = of
  const ending = { company_id, user_id, ...(client_id !== undefined && { client_id }) }
  return statement(queueing(store, endedAt, select => select.where(hasAll(ending, 'i'))))
}

function endedOf(db: Store['db'], endedAt: number) {
  return db
    .selectFrom('installations as i')
    .innerJoin('apps as a', 'a.client_id', 'i.client_id')
    .select([
      'i.company_id',
      'i.user_id',
      'i.client_id',
      sql<number>`cast(${endedAt} as bigint)`.as('ended_at'),
      sql<number>`cast(${endedAt} as bigint)`.as('next_attempt_at'),
      sql<'user' | 'company'>`CASE i.kind WHEN 'company' THEN 'company' ELSE 'user' END`.as('kind'),
    ])
    .where('a.uninstall_url', 'is not', null)
}

type Ended = ReturnType<typeof endedOf>

function queueing({ db }: Store, endedAt: number, which: (select: Ended) => Ended) {
  return (
    db
      .insertInto('uninstall_callbacks')
      .columns(['company_id', 'user_id', 'client_id', 'ended_at', 'next_attempt_at', 'kind'])
      .expression(which(endedOf(db, endedAt)))
      // The same installation, ended twice within a millisecond, is one callback.
      .onConflict(conflict => conflict.columns(['company_id', 'user_id', 'client_id', 'ended_at']).doNothing())
  )
}
