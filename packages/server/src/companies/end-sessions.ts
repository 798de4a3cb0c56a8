import type { Runtime } from '../config/runtime.ts'
import { endOpenidSessions } from '../store/queries/openid-sessions.ts'
import { deleteSessionsOfUser } from '../store/queries/sessions.ts'
import type { Statement } from '../store/store.ts'

/**
 * Signs a user out of every browser, and queues what apps are told of it.
 * A write with these is a conflict where the user signs in to an app at that moment: decide again.
 */
export async function endSessionsOfUser({ store, clock }: Runtime, userId: number): Promise<Statement[]> {
  return [deleteSessionsOfUser(store, userId), ...(await endOpenidSessions(store, { userId }, clock()))]
}
