import { columnsOf } from './columns-of.ts'

/** The columns of tables that say what apps are told; those of all tables are in columns.ts. */
export const callbackColumns = {
  callback_deliveries: columnsOf<'callback_deliveries'>({
    company_id: true,
    client_id: true,
    attempted_at: true,
    user_id: true,
    ended_at: true,
    attempt: true,
    status: true,
    error: true,
    body: true,
    expires_at: true,
  }),
  uninstall_callbacks: columnsOf<'uninstall_callbacks'>({
    company_id: true,
    user_id: true,
    client_id: true,
    ended_at: true,
    attempts: true,
    next_attempt_at: true,
    claimed_until: true,
    gave_up_at: true,
    last_error: true,
    kind: true,
  }),
  logout_callbacks: columnsOf<'logout_callbacks'>({
    company_id: true,
    user_id: true,
    client_id: true,
    sid: true,
    ended_at: true,
    attempts: true,
    next_attempt_at: true,
    claimed_until: true,
    gave_up_at: true,
    last_error: true,
  }),
}
