import { sql } from 'kysely'
import type { Schema } from '../schema.ts'
import { type Statement, type Store, statement } from '../store.ts'

export type RateWindowRow = Schema['rate_windows']

/** Adds to what was used in a window, and returns what is used now. A later window begins from nothing; an earlier one counts no more. */
export function addToWindow({ db }: Store, row: RateWindowRow): Statement {
  const { limit_key, began_at, used, expires_at } = row
  const query = sql`INSERT INTO rate_windows AS held (limit_key, began_at, used, expires_at)
    VALUES (${limit_key}, ${began_at}, ${used}, ${expires_at})
    ON CONFLICT (limit_key) DO UPDATE SET
      used = CASE
        WHEN held.began_at = excluded.began_at THEN held.used + excluded.used
        WHEN held.began_at < excluded.began_at THEN excluded.used
        ELSE held.used END,
      expires_at = CASE WHEN held.began_at < excluded.began_at THEN excluded.expires_at ELSE held.expires_at END,
      began_at = CASE WHEN held.began_at < excluded.began_at THEN excluded.began_at ELSE held.began_at END
    RETURNING limit_key, began_at, used`
  return statement({ compile: () => query.compile(db) })
}

/** What apps may do beyond what holds for all: JSON by client id. */
export function listAppRateLimits({ db }: Store): Promise<{ client_id: string; rate_limits: string }[]> {
  return db
    .selectFrom('apps')
    .select(['client_id', 'rate_limits'])
    .where('rate_limits', 'is not', null)
    .$narrowType<{ rate_limits: string }>()
    .execute()
}
