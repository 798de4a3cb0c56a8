/**
 * How an app speaks OAuth: as the RFCs say, as Pipedrive's apps do, or within the FAPI 2.0 Security Profile. Lists of scopes are
 * written with spaces (RFC 6749 section 3.3), on the pipedrive profile with commas.
 */
export const PROFILES = ['standard', 'pipedrive', 'fapi2'] as const
export type CompatibilityProfile = (typeof PROFILES)[number]

/** A scope-token of RFC 6749 section 3.3, without the comma that the pipedrive profile joins by. */
const SCOPE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/

/** The scopes of a text, each once, in the order they stand; undefined where one is not a scope at all. */
export function parseScopes(text: string, profile: CompatibilityProfile): string[] | undefined {
  const separator = profile === 'pipedrive' ? /[ ,]+/ : / +/
  const scopes = [...new Set(text.split(separator).filter(scope => scope !== ''))]
  return scopes.every(scope => SCOPE.test(scope)) ? scopes : undefined
}

export function formatScopes(scopes: readonly string[], profile: CompatibilityProfile): string {
  return scopes.join(profile === 'pipedrive' ? ',' : ' ')
}

/** As the store keeps them. */
export function storedScopes(text: string): string[] {
  return text === '' ? [] : text.split(' ')
}

/** Whether a scope is among those that the store keeps as one text, found without taking the text apart. */
export function storesScope(text: string, scope: string): boolean {
  if (text === scope) return true
  for (let at = text.indexOf(scope); at >= 0; at = text.indexOf(scope, at + 1)) {
    const after = at + scope.length
    if ((at === 0 || text[at - 1] === ' ') && (after === text.length || text[after] === ' ')) return true
  }
  return false
}

export function isSubset(scopes: readonly string[], of: readonly string[]): boolean {
  return scopes.every(scope => of.includes(scope))
}

/** Those of the first that are among the second, too. */
export function intersection(scopes: readonly string[], others: readonly string[]): string[] {
  return scopes.filter(scope => others.includes(scope))
}

/** Whether a company's list, as it is stored, names an app or a scope. Nearly all have none. */
export function isListed(list: string | null, name: string): boolean {
  return list !== null && storesScope(list, name)
}

/** Scopes but for those that a company lets no app have, as they are stored. */
export function withoutBlocked(scopes: string[], blocked: string | null): string[] {
  return blocked === null ? scopes : scopes.filter(scope => !storesScope(blocked, scope))
}
