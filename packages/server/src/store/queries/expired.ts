import { sql } from 'kysely'
import { type Statement, type Store, statement, writeUnlessConflict } from '../store.ts'
import { deleteOldChanges } from './bearer-changes.ts'
import { deleteCodesOfEndedFamily } from './families.ts'
import { takeLease } from './leases.ts'

const BATCH = 500
/** Milliseconds for which one node cleans; another takes over if it dies. */
const LEASE = 45_000
/** What has run out stays for a day: a clock that leaps by less deletes nothing that is still good. */
const LATE = 24 * 3600 * 1000

/**
 * Deletes what expired a day ago, in small batches, unless another node does so now.
 * @returns whether this node did
 */
export async function cleanExpired(store: Store, clock: () => number): Promise<boolean> {
  if (!(await writeUnlessConflict(store, [takeLease(store, 'clean expired', clock(), clock() + LEASE)]))) return false
  let mayHaveMore = true
  while (mayHaveMore) mayHaveMore = await deleteExpired(store, clock() - LATE)
  return true
}

/**
 * Removes a small batch of each kind of row that has run out, so that no single commit is long. A batch costs in
 * proportion to what it removes, whatever else there is. Each row is deleted by its own key, on the one machine that has it.
 * @param before rows that ran out until then, in milliseconds since 1970
 * @returns whether there may be more
 */
export async function deleteExpired(store: Store, before: number): Promise<boolean> {
  const accessTokens = await expiredAccessTokens(store, before)
  const found = await Promise.all([
    unusedCodes(store, before),
    // Those of access tokens come first: they are found by them.
    accessTokens.length < BATCH ? expiredRefreshTokens(store, before) : [],
    expired(store, 'sessions', 'expires_at', ['session_hash'], before),
    expired(store, 'attempt_limits', 'full_at', ['limit_key'], before),
    expired(store, 'used_assertions', 'expires_at', ['client_id', 'jti_hash'], before),
    expired(store, 'idempotency_keys', 'expires_at', ['key_id', 'request_key'], before),
    expired(store, 'rate_windows', 'expires_at', ['limit_key'], before),
    expired(store, 'challenge_answers', 'expires_at', ['challenge_id'], before),
    expired(store, 'pushed_requests', 'expires_at', ['request_hash'], before),
    expired(store, 'device_requests', 'expires_at', ['user_code_hash'], before),
    expired(store, 'app_uses', 'expires_at', ['company_id', 'client_id', 'day'], before),
    expired(store, 'outbox', 'expires_at', ['mail_id'], before),
    expired(store, 'account_links', 'expires_at', ['user_id', 'link_hash'], before),
    expired(store, 'invitations', 'expires_at', ['company_id', 'invitation_id'], before),
    expired(
      store,
      'callback_deliveries',
      'expires_at',
      ['company_id', 'client_id', 'attempted_at', 'user_id', 'ended_at'],
      before,
    ),
    expired(store, 'platform_figures', 'expires_at', ['taken_at'], before),
    expired(store, 'apps', 'unused_until', ['client_id'], before),
    expired(store, 'openid_sessions', 'expires_at', ['sid', 'client_id', 'company_id'], before),
  ])
  const deletions = [...accessTokens, ...found.flat()]
  deletions.push(...deleteOldChanges(store))
  if (deletions.length > 0) await store.write(deletions)
  return [accessTokens, ...found].some(({ length }) => length >= BATCH)
}

type Swept =
  | 'sessions'
  | 'attempt_limits'
  | 'used_assertions'
  | 'idempotency_keys'
  | 'app_uses'
  | 'callback_deliveries'
  | 'platform_figures'
  | 'outbox'
  | 'account_links'
  | 'invitations'
  | 'challenge_answers'
  | 'rate_windows'
  | 'openid_sessions'
  | 'apps'
  | 'pushed_requests'
  | 'device_requests'

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

/** A used code stays as long as the tokens it gave, since its second use must end them, and goes with the last of them. */
async function unusedCodes({ db }: Store, before: number): Promise<Statement[]> {
  const codes = await db
    .selectFrom('authorization_codes')
    .select(['company_id', 'code_hash'])
    .where('expires_at', '<=', before)
    .where('used_at', 'is', null)
    .limit(sql.lit(BATCH))
    .execute()
  return codes.map(({ company_id, code_hash }) =>
    statement(
      db
        .deleteFrom('authorization_codes')
        .where('company_id', '=', company_id)
        .where('code_hash', '=', code_hash)
        .where('used_at', 'is', null),
    ),
  )
}

async function expiredRefreshTokens(store: Store, before: number): Promise<Statement[]> {
  const { db } = store
  const tokens = await db
    .selectFrom('refresh_tokens')
    .select(['company_id', 'token_hash', 'user_id', 'client_id', 'family_id'])
    .where('expires_at', '<=', before)
    .limit(sql.lit(BATCH))
    .execute()
  const families = new Map(tokens.map(token => [`${token.company_id} ${token.family_id}`, token]))
  return [
    ...tokens.map(({ company_id, token_hash }) =>
      statement(
        db
          .deleteFrom('refresh_tokens')
          .where('company_id', '=', company_id)
          .where('token_hash', '=', token_hash)
          .where('expires_at', '<=', before),
      ),
    ),
    ...[...families.values()].map(family => deleteCodesOfEndedFamily(store, family)),
  ]
}

/** They go with the refresh token of their family that has run out. */
async function expiredAccessTokens({ db }: Store, before: number): Promise<Statement[]> {
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
    .where('token.expires_at', '<=', before)
    .where('access.expires_at', '<=', before)
    .limit(sql.lit(BATCH))
    .execute()
  return tokens.map(({ company_id, token_hash }) =>
    statement(db.deleteFrom('access_tokens').where('company_id', '=', company_id).where('token_hash', '=', token_hash)),
  )
}
