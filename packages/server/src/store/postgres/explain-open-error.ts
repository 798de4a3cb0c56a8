import { StoreOpenError } from '../store.ts'
import { ConnectionLost, explainError } from './errors.ts'

/** Says in one sentence why a database could not be opened. The password is left out. */
export function explainOpenError(error: unknown, address: string): Error {
  if (error instanceof StoreOpenError) return error
  const { host, pathname } = new URL(address)
  const explained = explainError(error)
  const reason = explained instanceof Error ? explained.message : String(explained)
  const hint = /unsupported startup parameter/.test(reason)
    ? ' That is a PgBouncer: add ?pgbouncer=true to the address.'
    : explained instanceof ConnectionLost
      ? ' Is it running, and reachable from here?'
      : ''
  return new StoreOpenError(
    `The PostgreSQL database ${pathname.slice(1)} at ${host} cannot be opened: ${reason}.${hint}`,
    {
      cause: error,
    },
  )
}
