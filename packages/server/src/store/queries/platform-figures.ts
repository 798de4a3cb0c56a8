import type { Selectable } from 'kysely'
import type { PlatformFiguresTable } from '../administration-schema.ts'
import { columns } from '../columns.ts'
import { type Statement, type Store, statement } from '../store.ts'

export type PlatformFiguresRow = Selectable<PlatformFiguresTable>

/** Figures of the same moment are recorded once. */
export function insertPlatformFigures({ db }: Store, row: PlatformFiguresRow): Statement {
  return statement(
    db
      .insertInto('platform_figures')
      .values(row)
      .onConflict(conflict => conflict.column('taken_at').doNothing()),
  )
}

/** From a moment on, the oldest first. */
export function listPlatformFigures({ db }: Store, since: number, limit: number): Promise<PlatformFiguresRow[]> {
  return db
    .selectFrom('platform_figures')
    .select(columns.platform_figures)
    .where('taken_at', '>=', since)
    .orderBy('taken_at')
    .limit(limit)
    .execute()
}
