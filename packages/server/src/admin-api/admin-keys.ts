import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { recordEvent } from '../audit/record.ts'
import { checkInput, displayName, id, NotFoundError } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import {
  type AdminKeyRow,
  deleteAdminKey,
  findAdminKey,
  insertAdminKey,
  listAdminKeyRows,
  recordAdminKeyUse,
} from '../store/queries/admin-keys.ts'
import { findCompany } from '../store/queries/companies.ts'
import { writeUnlessConflict } from '../store/store.ts'
import { hashSecret, isAdminKey, newAdminKey } from '../tokens/token-text.ts'
import { adminScopes } from './scopes.ts'

const HOUR = 3600 * 1000

const newKey = z.strictObject({
  name: displayName,
  scopes: z
    .array(z.enum(['*', ...adminScopes], `must be * or one of ${adminScopes.join(', ')}`))
    .min(1, 'at least one is needed'),
  /** The only company that it may administer. */
  companyId: id.optional(),
  /** Milliseconds until it is refused; never when not given. */
  lifetime: z.int().positive().optional(),
})

export type NewAdminKey = z.input<typeof newKey>

/** An admin key as it may be shown. */
export interface AdminKeyFacts {
  keyId: string
  name: string
  scopes: string[]
  companyId: number | null
  createdAt: number
  expiresAt: number | null
  /** To the hour; null where it was never used. */
  lastUsedAt: number | null
}

/**
 * Creates a key for the admin API. `key` is returned only here.
 * @throws {InputError} if an entry is invalid, or there is no such company
 * @example
 * ```ts
 * import { createAdminKey } from 'tenantry'
 * const { key, facts } = await createAdminKey(runtime, { name: 'directory sync', scopes: ['users:write', 'members:write'] })
 * console.log(facts.keyId, key)
 * ```
 */
export async function createAdminKey(
  runtime: Runtime,
  input: NewAdminKey,
): Promise<{ key: string; facts: AdminKeyFacts }> {
  const { store, clock } = runtime
  const { name, scopes, companyId, lifetime } = checkInput(newKey, input)
  if (companyId !== undefined && !(await findCompany(store, companyId))) {
    throw new NotFoundError(`There is no company ${companyId}.`)
  }
  const key = newAdminKey()
  const now = clock()
  const row: AdminKeyRow = {
    key_id: randomBytes(8).toString('hex'),
    name,
    key_hash: hashSecret(key),
    scopes: [...new Set(scopes)].join(' '),
    company_id: companyId ?? null,
    created_at: now,
    expires_at: lifetime === undefined ? null : now + lifetime,
    last_used_at: null,
  }
  const event = recordEvent(runtime, {
    action: 'admin_key.created',
    ...(companyId !== undefined && { companyId }),
    facts: { key_id: row.key_id, name, scopes, expires_at: row.expires_at },
  })
  await store.write([insertAdminKey(store, row), event])
  return { key, facts: toFacts(row) }
}

/**
 * Every admin key that was not revoked, the oldest first.
 * @example
 * ```ts
 * import { listAdminKeys } from 'tenantry'
 * for (const { keyId, name } of await listAdminKeys(runtime)) console.log(keyId, name)
 * ```
 */
export async function listAdminKeys({ store }: Runtime): Promise<AdminKeyFacts[]> {
  return (await listAdminKeyRows(store)).map(toFacts)
}

/**
 * Revokes an admin key: it is refused from the next request on.
 * @throws {InputError} if there is no such key
 * @example
 * ```ts
 * import { createAdminKey, revokeAdminKey } from 'tenantry'
 * const { facts } = await createAdminKey(runtime, { name: 'for a day', scopes: ['*'], lifetime: 24 * 3600 * 1000 })
 * await revokeAdminKey(runtime, facts.keyId)
 * ```
 */
export async function revokeAdminKey(runtime: Runtime, keyId: string): Promise<void> {
  const { store } = runtime
  const event = recordEvent(runtime, { action: 'admin_key.revoked', facts: { key_id: keyId } })
  if (await writeUnlessConflict(store, [deleteAdminKey(store, keyId), event])) return
  throw new NotFoundError(`There is no admin key ${keyId}.`)
}

/** The key that a text is, if it is one, was not revoked and has not expired. */
export async function findUsableKey(runtime: Runtime, text: string): Promise<AdminKeyRow | undefined> {
  if (!isAdminKey(text)) return undefined
  const row = await findAdminKey(runtime.store, hashSecret(text))
  if (!row || (row.expires_at !== null && row.expires_at <= runtime.clock())) return undefined
  recordUse(runtime, row)
  return row
}

/** At most once an hour; the answer does not wait for it. */
function recordUse({ store, clock, log }: Runtime, { key_id, last_used_at }: AdminKeyRow) {
  const now = clock()
  if (last_used_at !== null && now - last_used_at < HOUR && now >= last_used_at) return
  store.write([recordAdminKeyUse(store, key_id, now)]).catch(error => {
    log.warn({ err: error, key_id }, 'the use of an admin key was not recorded')
  })
}

function toFacts(row: AdminKeyRow): AdminKeyFacts {
  return {
    keyId: row.key_id,
    name: row.name,
    scopes: row.scopes.split(' '),
    companyId: row.company_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  }
}
