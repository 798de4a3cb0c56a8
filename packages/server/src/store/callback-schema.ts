import type { Generated } from 'kysely'

/** An app that is to be told that an installation has ended. See schema.ts for what columns hold. */
export interface UninstallCallbacksTable {
  company_id: number
  user_id: number
  client_id: string
  /** When the installation ended: the `timestamp` of the callback. */
  ended_at: number
  attempts: Generated<number>
  next_attempt_at: number
  claimed_until: number | null
  gave_up_at: number | null
  last_error: string | null
  /** Whether the installation was of a user or of the company. */
  kind: Generated<'user' | 'company'>
}

/** An app that is to be told that a session has ended. */
export interface LogoutCallbacksTable extends Omit<UninstallCallbacksTable, 'kind'> {
  sid: string
}

/** An attempt to tell an app that an installation has ended. */
export interface CallbackDeliveriesTable {
  company_id: number
  client_id: string
  attempted_at: number
  user_id: number
  ended_at: number
  /** The first is 1. */
  attempt: number
  /** What the app answered; null where no answer came. */
  status: number | null
  error: string | null
  /** What was sent. */
  body: string
  expires_at: number
}
