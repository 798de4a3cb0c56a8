/** An API that accepts tokens. See schema.ts for what columns hold. */
export interface ResourceServersTable {
  resource_server_id: number
  /** With the secret it authenticates, to introspect. */
  client_id: string
  name: string
  /** An absolute URI; it may hold `{company_domain}` once. */
  identifier: string
  /** Whether introspection tells it who a user is. */
  describes_users: number
  secret_hash: Uint8Array
  /** The secret before, and until when it is accepted. */
  earlier_secret_hash: Uint8Array | null
  earlier_secret_until: number | null
  created_at: number
  /** Whether it asks what a token is worth, or checks JWTs by itself. */
  token_format: 'opaque' | 'jwt'
}

/** A scope that one resource server owns. */
export interface ResourceScopesTable {
  scope: string
  resource_server_id: number
  /** JSON: what it allows, by language. */
  texts: string
}
