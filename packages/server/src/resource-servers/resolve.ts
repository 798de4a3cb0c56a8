import type { Runtime } from '../config/runtime.ts'
import { findCompanyByDomain } from '../store/queries/companies.ts'
import { listResourceServers } from '../store/queries/resource-servers.ts'
import { companyDomainIn, isForCompanies } from './identifier.ts'

/** More than any client names in one request. */
const MAX_RESOURCES = 10

/** A resource server that a request names, at the address of one company where it has such addresses. */
export interface Resource {
  resourceServerId: number
  /** Whose address it is; 0 where the address is of no company, so that no one learns which there are. */
  companyId: number | undefined
}

/**
 * The resource servers that a parameter `resource` names (RFC 8707 section 2).
 * @param text addresses joined by spaces
 * @returns none for the platform's own address; undefined where one is not known, or they are of different companies, or the
 * platform is one of several
 */
export async function resolveResources(runtime: Runtime, text: string): Promise<Resource[] | undefined> {
  const addresses = [...new Set(text.split(' '))]
  if (addresses.length > MAX_RESOURCES) return undefined
  const { origin } = runtime.settings
  // The platform's own API is what a token is for without a resource.
  const others = addresses.filter(address => withoutEmptyPath(address) !== origin)
  if (others.length === 0) return []
  if (others.length < addresses.length) return undefined
  const servers = await listResourceServers(runtime.store)
  const resources: Resource[] = []
  for (const address of others) {
    const exact = servers.find(({ identifier }) => withoutEmptyPath(identifier) === withoutEmptyPath(address))
    if (exact && !isForCompanies(exact.identifier)) {
      resources.push({ resourceServerId: exact.resource_server_id, companyId: undefined })
      continue
    }
    const resource = await resolveCompanyAddress(runtime, servers, address)
    if (!resource) return undefined
    resources.push(resource)
  }
  const companies = new Set(resources.flatMap(({ companyId }) => companyId ?? []))
  return companies.size > 1 ? undefined : resources
}

/** Clients that take an address apart write `https://api.example.com/` (RFC 3986 section 6.2.3). */
function withoutEmptyPath(address: string): string {
  return /^https?:\/\/[^/]+\/$/.test(address) ? address.slice(0, -1) : address
}

type Server = Awaited<ReturnType<typeof listResourceServers>>[number]

async function resolveCompanyAddress(
  { store }: Runtime,
  servers: readonly Server[],
  address: string,
): Promise<Resource | undefined> {
  for (const { identifier, resource_server_id: resourceServerId } of servers.filter(each =>
    isForCompanies(each.identifier),
  )) {
    const domain = companyDomainIn(identifier, address)
    if (domain === undefined) continue
    const company = await findCompanyByDomain(store, domain)
    return { resourceServerId, companyId: company?.company_id ?? 0 }
  }
  return undefined
}

/** As codes and tokens keep them; null for the platform's default API. */
export function storeResources(resources: readonly Pick<Resource, 'resourceServerId'>[]): string | null {
  return resources.length === 0 ? null : resources.map(each => each.resourceServerId).join(' ')
}

export function storedResources(text: string | null): number[] {
  return text === null ? [] : text.split(' ').map(Number)
}
