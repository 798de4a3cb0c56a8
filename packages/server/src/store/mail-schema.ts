/** A mail that is to be sent; in the sandbox, one that would have been. See schema.ts for what columns hold. */
export interface OutboxTable {
  mail_id: string
  /** JSON under a key that is not in the database: what it is about, and once the sandbox has written it, the mail itself. */
  sealed: string
  created_at: number
  /** When it is given up, or leaves the mailbox of the sandbox. */
  expires_at: number
  attempts: number
  /** Null once it lies in the mailbox of the sandbox. */
  next_attempt_at: number | null
}

/** A link that a user was sent in a mail. */
export interface AccountLinksTable {
  user_id: number
  /** SHA-256 of the secret in it. */
  link_hash: Uint8Array
  /** What it lets one do: set a password, or take another e-mail to sign in with. */
  purpose: 'password' | 'email'
  /** The address that it confirms. */
  email: string | null
  created_at: number
  expires_at: number
}

/** Someone who was invited to a company. */
export interface InvitationsTable {
  company_id: number
  invitation_id: string
  email: string
  is_admin: number
  /** The administrator's user id. */
  invited_by: number
  /** SHA-256 of the secret in the link that was sent last; null before. */
  link_hash: Uint8Array | null
  created_at: number
  expires_at: number
}
