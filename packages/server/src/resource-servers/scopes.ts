import type { Runtime } from '../config/runtime.ts'
import { knownScopes } from '../pages/scope-descriptions.ts'
import { listResourceScopes, listResourceServers } from '../store/queries/resource-servers.ts'
import { isSubset } from '../tokens/scopes.ts'
import type { Resource } from './resolve.ts'
import type { ScopeTexts } from './resource-server.ts'

/** Scopes that tell who someone is: of any resource. */
const OF_ANY_RESOURCE = new Set(['openid', 'profile', 'email', 'phone', 'offline_access'])

/**
 * Which scopes a token can have: those that its resource servers own, or without `resource` those of the platform.
 * @returns those that fit, and one that does not with the address that it belongs to, where that would help
 */
export async function fitScopes(
  { store }: Pick<Runtime, 'store'>,
  scopes: readonly string[],
  resources: readonly Pick<Resource, 'resourceServerId'>[],
): Promise<{ fitting: string[]; misfit: { scope: string; identifier: string | undefined } | undefined }> {
  // No resource server can own one of these.
  if (resources.length === 0 && isSubset(scopes, knownScopes)) return { fitting: [...scopes], misfit: undefined }
  const owners = new Map((await listResourceScopes(store)).map(row => [row.scope, row.resource_server_id]))
  const fits = (scope: string) => {
    const owner = owners.get(scope)
    if (resources.length === 0) return owner === undefined
    return OF_ANY_RESOURCE.has(scope) || resources.some(({ resourceServerId }) => resourceServerId === owner)
  }
  const scope = scopes.find(each => !fits(each))
  if (scope === undefined) return { fitting: [...scopes], misfit: undefined }
  const servers = resources.length === 0 ? await listResourceServers(store) : []
  const identifier = servers.find(each => each.resource_server_id === owners.get(scope))?.identifier
  return { fitting: scopes.filter(fits), misfit: { scope, identifier } }
}

/** What scopes allow in words, where it is not the provider that says it: the platform's configuration and the resource servers. */
export async function scopeTexts(
  { settings, store }: Pick<Runtime, 'settings' | 'store'>,
  scopes: readonly string[],
): Promise<Record<string, ScopeTexts>> {
  const isConfigured = (scope: string) => knownScopes.includes(scope) || Object.hasOwn(settings.scopes, scope)
  if (scopes.every(isConfigured)) return settings.scopes
  const rows = await listResourceScopes(store)
  const owned = rows.map(({ scope, texts }) => [scope, JSON.parse(texts) as ScopeTexts])
  return { ...Object.fromEntries(owned), ...settings.scopes }
}
