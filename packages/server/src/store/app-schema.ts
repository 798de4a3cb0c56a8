/** The tables of apps. See schema.ts for what columns hold. */
export interface AppsTable {
  client_id: string
  name: string
  maker: string | null
  icon_type: string | null
  icon: Uint8Array | null
  /** A JSON array of strings. */
  redirect_uris: string
  scopes: string
  profile: 'standard' | 'pipedrive' | 'fapi2'
  public: number
  require_pkce: number
  /** A JSON Web Key Set of public keys, for `private_key_jwt`. */
  jwks: string | null
  /** Where its public keys are, instead. */
  jwks_uri: string | null
  secret_hash: Uint8Array | null
  /** The client secret under a key that is not in the database: only where an uninstall callback needs it. */
  encrypted_secret: string | null
  uninstall_url: string | null
  disabled_at: number | null
  created_at: number
  home_url: string | null
  privacy_url: string | null
  terms_url: string | null
  verified_at: number | null
  /** Who verified it: the kind and the id of the actor. */
  verified_by: string | null
  /** JSON: its own rate limits. */
  rate_limits: string | null
  /** How its ID tokens are signed; RS256 where it is null. */
  id_token_algorithm: 'RS256' | 'ES256' | 'EdDSA' | null
  /** A JSON array of strings: where people may be sent after they signed out. */
  post_logout_redirect_uris: string | null
  /** Is told of sessions that end. */
  backchannel_logout_url: string | null
  /** Of an app that registered itself: of what it changes its registration with. */
  registration_token_hash: Uint8Array | null
  /** When it is deleted if no one has allowed it; null once someone has. */
  unused_until: number | null
  require_par: number
  /** Of an app whose client id is the address of a document: when that is to be read again. */
  document_expires_at: number | null
  require_dpop: number
  /** Whether it may sign people in by the device flow. */
  device_flow: number
  /** For whom it can be installed: for one member, for the whole company, or either. */
  install: 'user' | 'company' | 'both'
  /** Whose people develop it; null for an app of the platform's operators. */
  company_id: number | null
  /** When an operator opened it to all companies; until then a company's app is for that company alone. */
  published_at: number | null
}

/** Someone who may change an app that their company develops. */
export interface AppOwnersTable {
  company_id: number
  client_id: string
  user_id: number
  added_at: number
}

export interface ClientSecretsTable {
  client_id: string
  secret_hash: Uint8Array
  created_at: number
  /** When it stops being accepted; null for the current one. */
  expires_at: number | null
  /** To the hour. */
  last_used_at: number | null
}

/** A company's decision on an app. */
export interface AppPoliciesTable {
  company_id: number
  client_id: string
  decision: 'allowed' | 'blocked' | 'ask'
  decided_at: number
  /** The kind and the id of the actor. */
  decided_by: string | null
}

/** What an administrator has said of one member and an app that is installed for the company, and what the member has. */
export interface MemberAccessTable {
  company_id: number
  client_id: string
  user_id: number
  /** Null where the administrator has said nothing. */
  access: 'allowed' | 'excluded' | null
  /** When the member left the app out. */
  left_out_at: number | null
  /** Scopes that the member took back. */
  withheld: string | null
}

/** How often an app was used at a company on a day. */
export interface AppUsesTable {
  company_id: number
  client_id: string
  /** Days since 1970 UTC. */
  day: number
  /** Requests for tokens that were answered with some. */
  tokens: number
  /** Times that someone came to the app through the provider. */
  sign_ins: number
  expires_at: number
}

/** A member's wish that an administrator lets them allow an app. */
export interface AppRequestsTable {
  company_id: number
  client_id: string
  user_id: number
  /** What the app asked for then. */
  scopes: string
  reason: string
  requested_at: number
  /** Null until someone has decided. */
  decision: 'allowed' | 'refused' | null
  decided_at: number | null
  decided_by: string | null
}
