import { recordEvent } from '../audit/record.ts'
import { NotFoundError } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import { findActiveMembership, requireActiveMembership } from '../store/queries/active-memberships.ts'
import { type AppRequestRow, findAppRequest, putAppRequest } from '../store/queries/app-policies.ts'
import { ConstraintViolation, retryOnConflict, WriteConflict } from '../store/store.ts'
import { actorText, setAppPolicy } from './app-policies.ts'

export const MAX_REASON = 500

type Key = Pick<AppRequestRow, 'company_id' | 'client_id' | 'user_id'>

/**
 * A member asks to be let to allow an app; asking again puts the new request in the place of the one before.
 * @throws {NotFoundError} if they are no member any more, or the company blocks the app
 */
export function askForApp(
  runtime: Runtime,
  key: Key,
  { scopes, reason }: { scopes: readonly string[]; reason: string },
): Promise<AppRequestRow> {
  const { store, clock } = runtime
  const { company_id: companyId, user_id: userId, client_id: clientId } = key
  return retryingAdditions(async () => {
    if (!(await findActiveMembership(store, companyId, userId, clientId))) {
      throw new NotFoundError(`User ${userId} is no member of company ${companyId} who could use the app ${clientId}.`)
    }
    const before = await findAppRequest(store, key)
    const after: AppRequestRow = {
      company_id: companyId,
      client_id: clientId,
      user_id: userId,
      scopes: scopes.join(' '),
      reason: reason.slice(0, MAX_REASON),
      requested_at: clock(),
      decision: null,
      decided_at: null,
      decided_by: null,
    }
    await store.write([
      requireActiveMembership(store, companyId, userId, clientId),
      putAppRequest(store, before, after),
      recordEvent(runtime, { action: 'app_request.made', companyId, userId, clientId, facts: { scopes } }),
    ])
    return after
  })
}

/**
 * Answers a member's request. Allowed, they can allow the app themselves the next time; with `forAll` everyone at the company can.
 * @throws {NotFoundError} if there is no such request
 * @example
 * ```ts
 * import { decideAppRequest } from 'tenantry'
 * const key = { company_id: company.company_id, user_id: user.user_id, client_id: app.clientId }
 * await decideAppRequest(runtime, key, { decision: 'allowed', forAll: true }).catch(error => console.log(error.message))
 * ```
 */
export async function decideAppRequest(
  runtime: Runtime,
  key: Key,
  { decision, forAll = false }: { decision: 'allowed' | 'refused'; forAll?: boolean | undefined },
): Promise<AppRequestRow> {
  const { store, clock } = runtime
  const { company_id: companyId, user_id: userId, client_id: clientId } = key
  const decided = await retryOnConflict(async () => {
    const before = await findAppRequest(store, key)
    if (!before)
      throw new NotFoundError(`There is no request of user ${userId} at company ${companyId} for the app ${clientId}.`)
    if (before.decision === decision) return before
    const after: AppRequestRow = { ...before, decision, decided_at: clock(), decided_by: actorText(runtime) }
    await store.write([
      putAppRequest(store, before, after),
      recordEvent(runtime, {
        action: 'app_request.decided',
        companyId,
        userId,
        clientId,
        facts: { decision, for_all: forAll },
      }),
    ])
    return after
  })
  if (forAll) await setAppPolicy(runtime, { companyId, clientId }, decision === 'allowed' ? 'allowed' : 'blocked')
  return decided
}

/** Two that add the same row at once are one. */
function retryingAdditions<Value>(work: () => Promise<Value>): Promise<Value> {
  return retryOnConflict(async () => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof ConstraintViolation) throw new WriteConflict()
      throw error
    }
  })
}
