/** The tables of browsers that are signed in, and of apps that are signed in to. See schema.ts for what columns hold. */
export interface SessionsTable {
  session_hash: Uint8Array
  user_id: number
  /** The company on the consent page shown last in this browser. */
  company_id: number | null
  created_at: number
  expires_at: number
  /** When the person proved who they are, if that was elsewhere and at another time than the session began. */
  authenticated_at: number | null
  /** How they did, in words of RFC 8176 separated by spaces. */
  methods: string | null
  /** JSON: what the platform's sign-in page allows apps in this session, by client id. */
  limits: string | null
  /** What apps know it by; the same when the same person signs in again in the same browser. */
  sid: string | null
  /** Browser and system, in words. */
  device: string | null
  /** To ten minutes. */
  last_used_at: number | null
}

/** An app that someone signed in to by OpenID Connect within a session, at a company. */
export interface OpenidSessionsTable {
  sid: string
  client_id: string
  company_id: number
  user_id: number
  /** When the session ends by itself. */
  expires_at: number
}

/** A device on which someone signs in on another screen (RFC 8628). */
export interface DeviceRequestsTable {
  /** HMAC of the code that the person types, under a key that is not in the database: the code is short. */
  user_code_hash: Uint8Array
  /** SHA-256 of the device's own code. Once it is allowed, this is also the hash of an authorization code. */
  device_code_hash: Uint8Array
  client_id: string
  /** What it asks for, as it would stand in the address of the authorization endpoint. */
  query: string
  expires_at: number
  /** When the code was typed, and in which browser. */
  begun_at: number | null
  browser_hash: Uint8Array | null
  /** When the device asked last whether it is allowed. */
  polled_at: number | null
  /** Milliseconds that it must wait between. */
  poll_interval: number
  denied_at: number | null
  /** Where it was allowed. */
  company_id: number | null
}

/** An authorization request that an app has sent beforehand (RFC 9126). */
export interface PushedRequestsTable {
  /** SHA-256 of the secret part of its `request_uri`. */
  request_hash: Uint8Array
  client_id: string
  /** As it would stand in the address of the authorization endpoint. */
  query: string
  /** When a browser came with it, and which. */
  begun_at: number | null
  browser_hash: Uint8Array | null
  expires_at: number
}
