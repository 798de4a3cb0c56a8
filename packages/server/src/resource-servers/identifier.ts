/** Stands for the domain of a company. */
const PLACEHOLDER = '{company_domain}'
const COMPANY_DOMAIN = '([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)'

/** Why a text cannot identify a resource server (RFC 8707 section 2), or undefined when it can. */
export function identifierMistake(identifier: string, localAllowed: boolean): string | undefined {
  if (identifier.split(PLACEHOLDER).length > 2) return `may hold ${PLACEHOLDER} once only`
  const example = identifier.replace(PLACEHOLDER, 'company')
  if (!/^[\x21-\x7e]+$/.test(example) || !URL.canParse(example)) return 'must be an absolute URI'
  if (/[{}]/.test(example)) return `may hold ${PLACEHOLDER} and no other placeholder`
  const { protocol, hash, username, password } = new URL(example)
  if (hash !== '' || example.includes('#')) return 'must not have a fragment (RFC 8707 section 2)'
  if (username || password) return 'must not hold credentials'
  if (protocol === 'https:' || (protocol === 'http:' && localAllowed)) return undefined
  if (protocol === 'http:') return 'must use https'
  return identifier.includes(PLACEHOLDER) ? `must be an https address to hold ${PLACEHOLDER}` : undefined
}

/** Whether each company has an address of its own there. */
export function isForCompanies(identifier: string): boolean {
  return identifier.includes(PLACEHOLDER)
}

/** The address of one company, or the identifier itself where there is one address for all. */
export function identifierFor(identifier: string, companyDomain: string): string {
  return identifier.replace(PLACEHOLDER, companyDomain)
}

/** The domain that an address names, in place of the placeholder; undefined where it is another address. */
export function companyDomainIn(identifier: string, address: string): string | undefined {
  const [before = '', after = ''] = identifier.split(PLACEHOLDER)
  return new RegExp(`^${escaped(before)}${COMPANY_DOMAIN}${escaped(after)}$`).exec(address)?.[1]
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
