import type { Selectable } from 'kysely'
import type { RefreshTokensTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type RefreshTokenRow = Selectable<RefreshTokensTable>

export function insertRefreshToken({ db }: Store, row: RefreshTokenRow): Statement {
  return statement(db.insertInto('refresh_tokens').values(row))
}

export function findRefreshToken(
  { db }: Store,
  companyId: number,
  tokenHash: Uint8Array,
): Promise<RefreshTokenRow | undefined> {
  return db
    .selectFrom('refresh_tokens')
    .selectAll()
    .where('company_id', '=', companyId)
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst()
}

/** Holds only for the first use. */
export function spendRefreshToken({ db }: Store, token: RefreshTokenRow, usedAt: number): Statement {
  return expecting(
    1,
    db
      .updateTable('refresh_tokens')
      .set({ used_at: usedAt })
      .where('company_id', '=', token.company_id)
      .where('token_hash', '=', token.token_hash)
      .where('used_at', 'is', null),
  )
}

/** Holds only while no other retry has given the next access token. */
export function advanceAccessGeneration({ db }: Store, token: RefreshTokenRow): Statement {
  return expecting(
    1,
    db
      .updateTable('refresh_tokens')
      .set({ access_generation: token.access_generation + 1 })
      .where('company_id', '=', token.company_id)
      .where('token_hash', '=', token.token_hash)
      .where('access_generation', '=', token.access_generation),
  )
}
