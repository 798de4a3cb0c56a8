import { expecting, type Statement, type Store, statement } from '../store.ts'

/** When a server that trusted its clock cleaned last, in milliseconds since 1970. Not transferred to other databases. */
export const CLOCK_SETTING = 'clock'

/** What was changed while servers ran, as JSON. */
export const RUN_TIME_SETTINGS = 'run-time settings'

/** A fact about this database, or undefined where it was never written. */
export async function findSetting({ db }: Store, name: string): Promise<string | undefined> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value
}

export function putSetting({ db }: Store, name: string, value: string): Statement {
  return statement(
    db
      .insertInto('settings')
      .values({ name, value })
      .onConflict(conflict => conflict.column('name').doUpdateSet({ value })),
  )
}

/** Holds only while it is as it was read. @param before undefined where it was never written */
export function replaceSetting({ db }: Store, name: string, before: string | undefined, value: string): Statement {
  if (before !== undefined) {
    return expecting(1, db.updateTable('settings').set({ value }).where('name', '=', name).where('value', '=', before))
  }
  return expecting(
    1,
    db
      .insertInto('settings')
      .values({ name, value })
      .onConflict(conflict => conflict.column('name').doNothing()),
  )
}
