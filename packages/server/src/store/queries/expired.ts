import { sql } from 'kysely'
import { type Statement, type Store, statement, WriteConflict } from '../store.ts'
import { takeLease } from './leases.ts'

const BATCH = 500
const KEPT_CHANGES = 10_000
/** Milliseconds for which one node cleans; another takes over when it has died meanwhile. */
const LEASE = 45_000

/** Whoever is further behind than this starts anew. */
const deleteOldChanges = sql`DELETE FROM bearer_changes
  WHERE seq <= (SELECT max(seq) FROM bearer_changes) - ${sql.lit(KEPT_CHANGES)}`

/**
 * Removes all that has run out, in small batches, unless another node does so now.
 * @returns false: there is nothing more to do at once
 */
export async function cleanExpired(store: Store, clock: () => number): Promise<boolean> {
  try {
    await store.write([takeLease(store, 'clean expired', clock(), clock() + LEASE)])
  } catch (error) {
    if (error instanceof WriteConflict) return false
    throw error
  }
  while (await deleteExpired(store, clock()));
  return false
}

/**
 * Removes a small batch of each kind of row that has run out, so that no single commit is long. Each row is deleted by
 * its own key, on the one machine that has it.
 * @returns whether there may be more
 */
export async function deleteExpired(store: Store, now: number): Promise<boolean> {
  const found = await Promise.all([
    expiredCodes(store, now),
    expiredAccessTokens(store, now),
    expired(store, 'refresh_tokens', 'expires_at', ['company_id', 'token_hash'], now),
    expired(store, 'sessions', 'expires_at', ['session_hash'], now),
    expired(store, 'attempt_limits', 'full_at', ['limit_key'], now),
    expired(store, 'used_assertions', 'expires_at', ['client_id', 'jti_hash'], now),
  ])
  const deletions = found.flat()
  if (store.bearerChanges) deletions.push(statement({ compile: () => deleteOldChanges.compile(store.db) }))
  if (deletions.length > 0) await store.write(deletions)
  return found.some(({ length }) => length >= BATCH)
}

type Swept = 'refresh_tokens' | 'sessions' | 'attempt_limits' | 'used_assertions'

async function expired(store: Store, table: Swept, column: string, key: string[], now: number): Promise<Statement[]> {
  const columns = sql.join(key.map(name => sql.ref(name)))
  const { rows } = await sql<Record<string, unknown>>`SELECT ${columns} FROM ${sql.table(table)}
    WHERE ${sql.ref(column)} <= ${now} LIMIT ${sql.lit(BATCH)}`.execute(store.db)
  return rows.map(row => {
    // Another use may have put the end off since, as it does with a limit.
    const conditions = [...key.map(name => sql`${sql.ref(name)} = ${row[name]}`), sql`${sql.ref(column)} <= ${now}`]
    const deletion = sql`DELETE FROM ${sql.table(table)} WHERE ${sql.join(conditions, sql` AND `)}`
    return statement({ compile: () => deletion.compile(store.db) })
  })
}

/** A used code stays as long as the tokens it gave, since its second use must end them. */
async function expiredCodes({ db }: Store, now: number): Promise<Statement[]> {
  const codes = await db
    .selectFrom('authorization_codes as code')
    .select(['code.company_id', 'code.code_hash'])
    .where('code.expires_at', '<=', now)
    .where(eb =>
      eb.or([
        eb('code.used_at', 'is', null),
        eb.not(
          eb.exists(
            eb
              .selectFrom('refresh_tokens as token')
              .select(sql`1`.as('one'))
              .whereRef('token.company_id', '=', 'code.company_id')
              .whereRef('token.user_id', '=', 'code.user_id')
              .whereRef('token.client_id', '=', 'code.client_id')
              .whereRef('token.family_id', '=', 'code.family_id'),
          ),
        ),
      ]),
    )
    .limit(sql.lit(BATCH))
    .execute()
  return codes.map(({ company_id, code_hash }) =>
    statement(
      db.deleteFrom('authorization_codes').where('company_id', '=', company_id).where('code_hash', '=', code_hash),
    ),
  )
}

/** They go with the refresh token of their family that has run out. */
async function expiredAccessTokens({ db }: Store, now: number): Promise<Statement[]> {
  const tokens = await db
    .selectFrom('refresh_tokens as token')
    .innerJoin('access_tokens as access', join =>
      join
        .onRef('access.company_id', '=', 'token.company_id')
        .onRef('access.user_id', '=', 'token.user_id')
        .onRef('access.client_id', '=', 'token.client_id')
        .onRef('access.family_id', '=', 'token.family_id'),
    )
    .select(['access.company_id', 'access.token_hash'])
    .where('token.expires_at', '<=', now)
    .where('access.expires_at', '<=', now)
    .limit(sql.lit(BATCH))
    .execute()
  return tokens.map(({ company_id, token_hash }) =>
    statement(db.deleteFrom('access_tokens').where('company_id', '=', company_id).where('token_hash', '=', token_hash)),
  )
}
