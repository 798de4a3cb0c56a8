/**
 * What a committed change concerns, of all that a bearer check depends on: one token, one member, a whole company, or an
 * app everywhere. With nothing named it may concern anything.
 */
export interface BearerChange {
  company_id: number | null
  user_id: number | null
  token_hash: Uint8Array | null
  client_id: string | null
}

/** On PostgreSQL, the row of `settings` that says from which transaction on the log of changes is whole. */
export const CHANGES_KEPT_FROM = 'bearer changes kept from'
