import type { RequestContext } from './environment.ts'
import { OAuthError } from './errors.ts'

/** Parameters by name; one sent without a value counts as not sent (RFC 6749 section 3.1). */
export type Parameters = ReadonlyMap<string, string>

/** The names that stand more than once. */
export function repeatedNames(pairs: URLSearchParams): string[] {
  return [...new Set(pairs.keys())].filter(name => pairs.getAll(name).length > 1)
}

export function toParameters(pairs: URLSearchParams): Parameters {
  return new Map([...pairs].filter(([, value]) => value !== ''))
}

/** The fields of a posted form; of a repeated field the first. */
export async function readForm(c: RequestContext): Promise<Parameters> {
  const pairs = new URLSearchParams(await c.req.text())
  return toParameters(new URLSearchParams([...pairs].reverse().map(([name, value]) => [name, value])))
}

/**
 * The parameters of a request to an OAuth endpoint: form encoding only, nothing twice.
 * @throws {OAuthError} `invalid_request`
 */
export async function readOAuthForm(c: RequestContext): Promise<Parameters> {
  const type = c.req.header('Content-Type') ?? ''
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    throw new OAuthError('invalid_request', 'Send the parameters as application/x-www-form-urlencoded.')
  }
  const pairs = new URLSearchParams(await c.req.text())
  const [repeated] = repeatedNames(pairs)
  if (repeated !== undefined) {
    throw new OAuthError('invalid_request', `The parameter ${printable(repeated)} must not stand more than once.`)
  }
  return toParameters(pairs)
}

/** A stranger's text as an error description may hold it (RFC 6749 appendix A.8). */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?').slice(0, 80)
}
