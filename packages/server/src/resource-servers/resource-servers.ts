import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { recordEvent } from '../audit/record.ts'
import { checkInput, displayName, InputError, NotFoundError, TakenError } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import { knownScopes } from '../pages/scope-descriptions.ts'
import { allocateId } from '../store/queries/ids.ts'
import {
  deleteResourceScopes,
  deleteResourceServerRow,
  findResourceServer,
  insertResourceScope,
  insertResourceServer,
  listResourceScopes,
  listResourceServers,
  type ResourceServerRow,
  updateResourceServer,
} from '../store/queries/resource-servers.ts'
import { ConstraintViolation, retryOnConflict, type Statement, writeUnlessConflict } from '../store/store.ts'
import { hashSecret, newClientSecret } from '../tokens/token-text.ts'
import { identifierMistake } from './identifier.ts'
import { type ResourceServer, type ScopeTexts, toResourceServer } from './resource-server.ts'

export type { ResourceServer } from './resource-server.ts'

const MAX_OVERLAP = 90 * 24 * 3600 * 1000

const scopes = z.record(
  z.string().regex(/^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,128}$/, 'must be a scope without spaces, commas and quotes'),
  z.record(z.string(), z.string().min(1).max(500)),
)

const fields = {
  name: displayName,
  identifier: z.string().max(500),
  /** The scopes that it owns, with what they allow: `{ 'notes:write': { en: 'Write notes' } }`. */
  scopes,
  /** Whether introspection tells it the user's name, e-mail and so on. */
  describesUsers: z.boolean(),
  /** `jwt` for tokens that it checks by itself (RFC 9068), five minutes long: nothing ends them before. */
  tokenFormat: z.enum(['opaque', 'jwt']),
}

export const newResourceServer = z.strictObject({
  ...fields,
  scopes: fields.scopes.default({}),
  describesUsers: fields.describesUsers.default(false),
  tokenFormat: fields.tokenFormat.default('opaque'),
})
export const resourceServerChange = z.strictObject(fields).partial()

export type NewResourceServer = z.input<typeof newResourceServer>
export type ResourceServerChange = z.input<typeof resourceServerChange>

/**
 * Registers an API that checks tokens by introspection. `clientSecret` is returned only here.
 * @throws {InputError} if an entry is invalid, or the identifier or a scope belongs to another one
 * @example
 * ```ts
 * import { createResourceServer } from 'tenantry'
 * const { resourceServer, clientSecret } = await createResourceServer(runtime, {
 *   name: 'Notes',
 *   identifier: 'https://notes.example.com/c/{company_domain}',
 *   scopes: { 'notes:write': { en: 'Write notes' } },
 * })
 * console.log(resourceServer.clientId, clientSecret)
 * ```
 */
export async function createResourceServer(
  runtime: Runtime,
  input: NewResourceServer,
): Promise<{ resourceServer: ResourceServer; clientSecret: string }> {
  const { store, clock } = runtime
  const given = checkInput(newResourceServer, input)
  check(runtime, given)
  const clientSecret = newClientSecret()
  const row: ResourceServerRow = {
    resource_server_id: await allocateId(store, 'resource_server'),
    client_id: `rs-${randomBytes(8).toString('hex')}`,
    name: given.name,
    identifier: given.identifier,
    describes_users: given.describesUsers ? 1 : 0,
    secret_hash: hashSecret(clientSecret),
    earlier_secret_hash: null,
    earlier_secret_until: null,
    created_at: clock(),
    token_format: given.tokenFormat,
  }
  await writeUnique(runtime, [
    insertResourceServer(store, row),
    ...scopeRows(runtime, row.resource_server_id, given.scopes),
    recordEvent(runtime, {
      action: 'resource_server.created',
      clientId: row.client_id,
      facts: { name: given.name, identifier: given.identifier, scopes: Object.keys(given.scopes) },
    }),
  ])
  return { resourceServer: await requireResourceServer(runtime, row.resource_server_id), clientSecret }
}

/**
 * Changes a resource server. A scope that it no longer owns is refused for existing tokens at the next request.
 * @throws {InputError} if there is no such resource server, or an entry is invalid
 * @example
 * ```ts
 * import { setResourceServer } from 'tenantry'
 * await setResourceServer(runtime, resourceServer.resourceServerId, { name: 'Notes of the company' })
 * ```
 */
export async function setResourceServer(
  runtime: Runtime,
  id: number,
  input: ResourceServerChange,
): Promise<ResourceServer> {
  const { store } = runtime
  const given = checkInput(resourceServerChange, input)
  if (Object.values(given).every(value => value === undefined)) {
    throw new InputError('Nothing to change. Give at least one option.')
  }
  check(runtime, given)
  await retryOnConflict(async () => {
    const before = await requireRow(runtime, id)
    const after: ResourceServerRow = {
      ...before,
      ...(given.name !== undefined && { name: given.name }),
      ...(given.identifier !== undefined && { identifier: given.identifier }),
      ...(given.tokenFormat !== undefined && { token_format: given.tokenFormat }),
      ...(given.describesUsers !== undefined && { describes_users: given.describesUsers ? 1 : 0 }),
    }
    await writeUnique(runtime, [
      updateResourceServer(store, before, after),
      ...(given.scopes ? [deleteResourceScopes(store, id), ...scopeRows(runtime, id, given.scopes)] : []),
      recordEvent(runtime, {
        action: 'resource_server.changed',
        clientId: before.client_id,
        facts: { changed: Object.keys(given) },
      }),
    ])
  })
  return requireResourceServer(runtime, id)
}

/**
 * Deletes a resource server. Tokens for it are good nowhere any more.
 * @throws {InputError} if there is no such resource server
 * @example
 * ```ts
 * import { deleteResourceServer } from 'tenantry'
 * await deleteResourceServer(runtime, resourceServer.resourceServerId)
 * ```
 */
export async function deleteResourceServer(runtime: Runtime, id: number): Promise<void> {
  const { store } = runtime
  const { client_id: clientId } = await requireRow(runtime, id)
  const event = recordEvent(runtime, { action: 'resource_server.deleted', clientId })
  if (!(await writeUnlessConflict(store, [...deleteResourceServerRow(store, id), event]))) throw noneSuch(id)
}

/**
 * Gives a resource server a new secret, which is shown only here.
 * @param keepOld milliseconds for which the one before is still accepted, at most 90 days; 0 if left out
 * @throws {InputError} if there is no such resource server
 * @example
 * ```ts
 * import { rotateResourceServerSecret } from 'tenantry'
 * const secret = await rotateResourceServerSecret(runtime, resourceServer.resourceServerId, { keepOld: 24 * 3600 * 1000 })
 * console.log(secret)
 * ```
 */
export function rotateResourceServerSecret(
  runtime: Runtime,
  id: number,
  { keepOld = 0 }: { keepOld?: number } = {},
): Promise<string> {
  const { store, clock } = runtime
  if (!Number.isSafeInteger(keepOld) || keepOld < 0 || keepOld > MAX_OVERLAP) {
    throw new InputError('keepOld: must be a time of at most 90 days.')
  }
  const secret = newClientSecret()
  return retryOnConflict(async () => {
    const before = await requireRow(runtime, id)
    const after: ResourceServerRow = {
      ...before,
      secret_hash: hashSecret(secret),
      earlier_secret_hash: keepOld > 0 ? before.secret_hash : null,
      earlier_secret_until: keepOld > 0 ? clock() + keepOld : null,
    }
    await store.write([
      updateResourceServer(store, before, after),
      recordEvent(runtime, {
        action: 'resource_server.secret_rotated',
        clientId: before.client_id,
        facts: { keep_old_seconds: keepOld / 1000 },
      }),
    ])
    return secret
  })
}

/** @throws {NotFoundError} */
export async function requireResourceServer(runtime: Runtime, id: number): Promise<ResourceServer> {
  const row = await requireRow(runtime, id)
  return toResourceServer(row, await listResourceScopes(runtime.store, id))
}

/** In the order of their ids. */
export async function pageOfResourceServers(
  { store }: Pick<Runtime, 'store'>,
  page: Parameters<typeof listResourceServers>[1] = {},
): Promise<ResourceServer[]> {
  const rows = await listResourceServers(store, page)
  const owned = await listResourceScopes(store)
  return rows.map(row => toResourceServer(row, owned))
}

function check({ settings }: Runtime, { identifier, scopes: given = {} }: ResourceServerChange) {
  const mistake = identifier === undefined ? undefined : identifierMistake(identifier, settings.localCallbacks)
  if (mistake !== undefined) {
    throw new InputError(`identifier: ${mistake}`, [{ path: 'identifier', message: mistake }])
  }
  const taken = Object.keys(given).find(scope => knownScopes.includes(scope) || Object.hasOwn(settings.scopes, scope))
  if (taken !== undefined) throw new TakenError(`scopes: ${taken} is a scope of the platform itself.`)
}

function scopeRows({ store }: Runtime, id: number, given: Record<string, ScopeTexts>): Statement[] {
  return Object.entries(given).map(([scope, texts]) =>
    insertResourceScope(store, { scope, resource_server_id: id, texts: JSON.stringify(texts) }),
  )
}

async function writeUnique({ store }: Runtime, statements: readonly Statement[]) {
  try {
    await store.write(statements)
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    throw new TakenError('The identifier, or one of the scopes, belongs to another resource server.')
  }
}

async function requireRow({ store }: Runtime, id: number): Promise<ResourceServerRow> {
  const row = await findResourceServer(store, id)
  if (!row) throw noneSuch(id)
  return row
}

function noneSuch(id: number): NotFoundError {
  return new NotFoundError(`There is no resource server ${id}.`)
}
