import type { Runtime } from '../../config/runtime.ts'
import { OAuthError } from '../../http/errors.ts'
import { resolveResources, storedResources, storeResources } from '../../resource-servers/resolve.ts'
import { fitScopes } from '../../resource-servers/scopes.ts'
import type { Access } from '../../tokens/issue.ts'

/**
 * An access token for some of the resource servers that were granted (RFC 8707 section 2.2), with the scopes that they own.
 * @param asked addresses of resource servers; all that were granted when not given
 * @throws {OAuthError} `invalid_target`
 */
export async function narrowResources(
  runtime: Runtime,
  granted: { company_id: number; resources: string | null },
  scopes: string[],
  asked: string | undefined,
): Promise<Omit<Access, 'jkt'>> {
  if (asked === undefined) return { scopes, resources: granted.resources }
  const resources = await resolveResources(runtime, asked)
  const ids = storedResources(granted.resources)
  // None is the platform's own API, which is granted alone.
  const isSameKind = resources !== undefined && (resources.length === 0) === (ids.length === 0)
  const isGranted = resources?.every(
    ({ resourceServerId, companyId }) =>
      ids.includes(resourceServerId) && (companyId === undefined || companyId === granted.company_id),
  )
  if (!isSameKind || !isGranted) {
    throw new OAuthError('invalid_target', 'resource: this was not granted to the app.')
  }
  const { fitting } = await fitScopes(runtime, scopes, resources)
  return { scopes: fitting, resources: storeResources(resources) }
}
