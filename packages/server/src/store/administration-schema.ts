/** Who may call the admin API. */
export interface AdminKeysTable {
  key_id: string
  name: string
  key_hash: Uint8Array
  /** Joined by spaces; `*` is all. */
  scopes: string
  /** The only company that it may administer; null for all. */
  company_id: number | null
  created_at: number
  expires_at: number | null
  /** To the hour. */
  last_used_at: number | null
}

/** Something that was done. */
export interface AuditEventsTable {
  /** 0 for what belongs to no company. */
  company_id: number
  /** Begins with the time, so that events are in its order, but for clocks that differ. */
  event_id: string
  action: string
  actor_type: string
  actor_id: string | null
  user_id: number | null
  client_id: string | null
  /** JSON: what is hashed. */
  entry: string
  /** JSON: what can be erased. The entry has its salted hash. */
  personal: string | null
  salt: string | null
  /** Its place in the chain of its company; null until it has one. */
  seq: number | null
  hash: Uint8Array | null
}

/** Up to where the chain of a company was cut. */
export interface AuditCheckpointsTable {
  company_id: number
  /** Of the last event that was removed, and its hash: what is left begins after it. */
  seq: number
  hash: Uint8Array
  cut_at: number
  /** All of that as a JWS (RFC 7515, compact), signed by the key of the audit log. */
  signed: string
}

/** A key that signs. */
export interface SigningKeysTable {
  /** The thumbprint of its public part (RFC 7638), so that it cannot be exchanged. */
  key_id: string
  /** What it is for: `audit`, or `id_token` and an algorithm. */
  purpose: string
  /** The private part as a JWK, encrypted under a master key. */
  sealed: string
  created_at: number
}

/** How the platform was at a moment. */
export interface PlatformFiguresTable {
  taken_at: number
  database_bytes: number
  /** Uninstall callbacks, and mails, that wait to be sent. */
  waiting_callbacks: number
  failed_callbacks: number
  waiting_mails: number
  expires_at: number
}

/** What was answered to a request of the admin API with an `Idempotency-Key`. */
export interface IdempotencyKeysTable {
  /** The admin key that was used. */
  key_id: string
  /** A hash of the `Idempotency-Key`. */
  request_key: Uint8Array
  /** A hash of the request, which must be the same when it is repeated. */
  request_hash: Uint8Array
  /** Encrypted: the ids and secrets that were chosen before anything was made. */
  plan: string
  /** Encrypted; null until it is done. */
  answer: string | null
  expires_at: number
}
