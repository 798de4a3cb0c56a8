import { sql } from 'kysely'
import { type Store, statement } from '../store.ts'

const BATCH = 500
const KEPT_CHANGES = 10_000

/** Whoever is further behind than this starts anew. */
const deleteOldChanges = sql`DELETE FROM bearer_changes
  WHERE seq <= (SELECT max(seq) FROM bearer_changes) - ${sql.lit(KEPT_CHANGES)}`

/**
 * Removes a small batch of each kind of row that has run out, so that no single commit is long.
 * @returns whether there may be more
 */
export async function deleteExpired(store: Store, now: number): Promise<boolean> {
  const { db } = store
  const expired = (table: string, column: string, key: string[]) => {
    const columns = sql.join(key.map(name => sql.ref(name)))
    return sql`DELETE FROM ${sql.table(table)} WHERE (${columns}) IN (
      SELECT ${columns} FROM ${sql.table(table)} WHERE ${sql.ref(column)} <= ${now} LIMIT ${sql.lit(BATCH)})`
  }
  const byToken = ['company_id', 'token_hash']
  const results = await store.write(
    [
      // A used code stays as long as the tokens it gave, since its second use must end them.
      sql`DELETE FROM authorization_codes WHERE (company_id, code_hash) IN (
        SELECT company_id, code_hash FROM authorization_codes AS code
        WHERE expires_at <= ${now} AND (used_at IS NULL OR NOT EXISTS (
          SELECT 1 FROM refresh_tokens AS token WHERE token.company_id = code.company_id
            AND token.user_id = code.user_id AND token.client_id = code.client_id
            AND token.family_id = code.family_id))
        LIMIT ${sql.lit(BATCH)})`,
      // Access tokens go with the refresh token of their family that has run out.
      sql`DELETE FROM access_tokens WHERE (company_id, token_hash) IN (
        SELECT access.company_id, access.token_hash FROM refresh_tokens AS token
        JOIN access_tokens AS access ON access.company_id = token.company_id AND access.user_id = token.user_id
          AND access.client_id = token.client_id AND access.family_id = token.family_id
        WHERE token.expires_at <= ${now} AND access.expires_at <= ${now} LIMIT ${sql.lit(BATCH)})`,
      expired('refresh_tokens', 'expires_at', byToken),
      expired('sessions', 'expires_at', ['session_hash']),
      expired('attempt_limits', 'full_at', ['limit_key']),
      expired('used_assertions', 'expires_at', ['client_id', 'jti_hash']),
      ...(store.bearerChanges ? [deleteOldChanges] : []),
    ].map(query => statement({ compile: () => query.compile(db) })),
  )
  return results.some(result => result.changes >= BATCH)
}
