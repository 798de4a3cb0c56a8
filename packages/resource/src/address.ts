const PLACEHOLDER = '{company_domain}'
const LABEL = '([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)'

/** A resource, and the company whose address it is where each has one. */
export interface Place {
  /** The identifier with the domain of the company. */
  resource: string
  companyDomain: string | undefined
}

/** The addresses of a resource server. */
export class Address {
  readonly #identifier: string
  readonly #path: RegExp
  readonly #host: RegExp | undefined

  /** @throws {TypeError} if it is no identifier of a resource server at http or https */
  constructor(identifier: string) {
    const example = identifier.replace(PLACEHOLDER, 'company')
    if (!URL.canParse(example) || !/^https?:$/.test(new URL(example).protocol)) {
      throw new TypeError(`identifier: ${identifier} is not an http or https address.`)
    }
    this.#identifier = identifier
    const [, host = '', path = ''] = /^https?:\/\/([^/?#]*)([^?#]*)/.exec(identifier)!
    this.#path = new RegExp(`^${pattern(path.replace(/\/$/, ''))}(?=/|$)`)
    this.#host = host.includes(PLACEHOLDER) ? new RegExp(`^${pattern(host)}$`) : undefined
  }

  /**
   * Which resource a request is for: by its path, and by its host where the company is in it. The rest comes from the
   * identifier, so that it does not matter what a proxy in front calls this server.
   */
  find(url: URL): Place | undefined {
    const inPath = this.#path.exec(url.pathname)
    const inHost = this.#host?.exec(url.host)
    if (!inPath || (this.#host && !inHost)) return undefined
    const companyDomain = inPath[1] ?? inHost?.[1]
    if (companyDomain === undefined) return { resource: this.#identifier, companyDomain }
    return { resource: this.#identifier.replace(PLACEHOLDER, companyDomain), companyDomain }
  }
}

function pattern(text: string): string {
  return text
    .split(PLACEHOLDER)
    .map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join(LABEL)
}

/** Where the metadata of a resource is (RFC 9728 section 3.1): the path comes after the well-known part. */
export const WELL_KNOWN = '/.well-known/oauth-protected-resource'

export function metadataUrlOf(resource: string): string {
  const { origin, pathname } = new URL(resource)
  return `${origin}${WELL_KNOWN}${pathname === '/' ? '' : pathname}`
}
