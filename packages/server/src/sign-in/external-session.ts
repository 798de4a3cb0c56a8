import type { ExternalUser } from '../config/external-pages.ts'
import type { PageContext, SignedIn } from '../http/environment.ts'
import type { UserRow } from '../store/queries/users.ts'
import type { Statement } from '../store/store.ts'
import { renewOrStartSession } from './session.ts'

/** What the platform says of a sign-in. */
type Proven = { [Name in Exclude<keyof ExternalUser, 'user_id'>]?: ExternalUser[Name] | undefined }

/** What the platform's sign-in page allows an app in a session. */
export interface AppLimits {
  company_id?: number | undefined
  scopes?: string[] | undefined
}

/**
 * Starts the session of someone whom the platform signed in, or goes on with the one that the same person has in this
 * browser, so that pages in other tabs stay good.
 * @param use conditions of it
 * @returns undefined where a condition does not hold, or the user was deactivated
 */
export function startExternalSession(
  c: PageContext,
  user: UserRow,
  { auth_time, amr, company_id, scopes }: Proven,
  { clientId, conditions = [] }: { clientId: string | undefined; conditions?: readonly Statement[] },
): Promise<SignedIn | undefined> {
  const before = c.var.signedIn?.user.user_id === user.user_id ? c.var.signedIn.session : undefined
  const limits: Record<string, AppLimits> = { ...readLimits(before?.limits ?? null) }
  if (clientId !== undefined) {
    delete limits[clientId]
    if (company_id !== undefined || scopes !== undefined) limits[clientId] = { company_id, scopes }
  }
  // A host that does not say when is asked at each request; an answer to a challenge is new.
  const proved = conditions.length === 0 ? before?.authenticated_at : undefined
  return renewOrStartSession(
    c,
    user,
    {
      authenticated_at: auth_time === undefined ? (proved ?? c.var.runtime.clock()) : auth_time * 1000,
      methods: amr?.join(' ') || null,
      limits: Object.keys(limits).length === 0 ? null : JSON.stringify(limits),
    },
    conditions,
  )
}

/** What the signed-in person may allow an app, where the platform's sign-in page limits it. */
export function limitsFor(c: PageContext, clientId: string): AppLimits {
  const limits = readLimits(c.var.signedIn?.session.limits ?? null)
  return Object.hasOwn(limits, clientId) ? limits[clientId]! : {}
}

function readLimits(text: string | null): Record<string, AppLimits> {
  return text === null ? {} : (JSON.parse(text) as Record<string, AppLimits>)
}
