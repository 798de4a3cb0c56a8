import { recordEvent } from '../audit/record.ts'
import type { Runtime } from '../config/runtime.ts'
import { deleteOperator, insertOperator } from '../store/queries/operators.ts'
import { writeUnlessConflict } from '../store/store.ts'
import { requireUser } from './users.ts'

/**
 * Lets a user open the operators' console.
 * @throws {InputError} if there is no such user
 * @example
 * ```ts
 * import { addOperator } from 'tenantry'
 * await addOperator(runtime, user.user_id)
 * ```
 */
export async function addOperator(runtime: Runtime, userId: number): Promise<void> {
  const { store, clock } = runtime
  await requireUser(store, userId)
  await store.write([
    insertOperator(store, { user_id: userId, added_at: clock() }),
    recordEvent(runtime, { action: 'operator.added', userId }),
  ])
}

/**
 * Takes it back, from the next request on.
 * @returns false if the user was none
 * @example
 * ```ts
 * import { removeOperator } from 'tenantry'
 * console.log(await removeOperator(runtime, user.user_id))
 * ```
 */
export function removeOperator(runtime: Runtime, userId: number): Promise<boolean> {
  const { store } = runtime
  return writeUnlessConflict(store, [
    deleteOperator(store, userId),
    recordEvent(runtime, { action: 'operator.removed', userId }),
  ])
}
