import { type Statement, type Store, statement } from '../store.ts'

/** Remembers a client assertion's `jti` until it runs out; a second one is a unique violation. */
export function insertUsedAssertion(
  { db }: Store,
  clientId: string,
  jtiHash: Uint8Array,
  expiresAt: number,
): Statement {
  return statement(
    db.insertInto('used_assertions').values({ client_id: clientId, jti_hash: jtiHash, expires_at: expiresAt }),
  )
}
