import type { EndpointContext, PageContext } from './environment.ts'
import { OAuthError, TooManyParameters } from './errors.ts'
import { rawQuery } from './raw-query.ts'

/** Parameters by name; one sent without a value counts as not sent (RFC 6749 section 3.1). */
export type Parameters = ReadonlyMap<string, string>

/** More than any client sends. Work per request grows with the number of parameters, so it has a limit. */
export const MAX_PARAMETERS = 200

/** Parameters of the token, revocation and introspection endpoints that must not be repeated (RFC 6749 section 3.2). */
const OAUTH_FORM_PARAMETERS = new Set([
  'grant_type',
  'code',
  'redirect_uri',
  'code_verifier',
  'refresh_token',
  'scope',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'token',
  'tokens',
  'token_type_hint',
])

export interface ParsedParameters {
  /** Every name, with or without a value. */
  names: ReadonlySet<string>
  /** Of a repeated parameter the first value; of `resource` all of them, joined by spaces (RFC 8707 section 2). */
  parameters: Parameters
  /** Names sent more than once, with or without a value. */
  repeated: ReadonlySet<string>
}

/**
 * Reads a query or a form body in one pass.
 * @throws {TooManyParameters} before it is decoded, so that a refusal is cheap
 */
export function parseParameters(text: string): ParsedParameters {
  requireFewParameters(text)
  const parameters = new Map<string, string>()
  const names = new Set<string>()
  const repeated = new Set<string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (names.has(name)) repeated.add(name)
    names.add(name)
    if (value === '') continue
    const before = parameters.get(name)
    if (before === undefined) parameters.set(name, value)
    else if (name === 'resource') parameters.set(name, `${before} ${value}`)
  }
  return { names, parameters, repeated }
}

/**
 * A parameter of the request's query; undefined if there are too many to parse. The framework's own parser takes long
 * for a query of many separators.
 */
export function queryParameter(c: PageContext, name: string): string | undefined {
  const query = rawQuery(c.req.url)
  if (query === '') return undefined
  try {
    return parseParameters(query).parameters.get(name)
  } catch (error) {
    if (error instanceof TooManyParameters) return undefined
    throw error
  }
}

function requireFewParameters(text: string) {
  let separators = 0
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) {
    separators += 1
    if (separators >= MAX_PARAMETERS) throw new TooManyParameters()
  }
}

/** The fields of a posted form; of a repeated field the first. */
export async function readForm(c: PageContext): Promise<Parameters> {
  return parseParameters(await c.req.text()).parameters
}

/**
 * The parameters of a request to an OAuth endpoint: form encoding only, no known parameter twice. Unknown ones are
 * ignored, and `resource` may be repeated (RFC 8707 section 2).
 * @throws {OAuthError} `invalid_request`
 */
export async function readOAuthForm(c: EndpointContext): Promise<Parameters> {
  const type = c.req.header('Content-Type') ?? ''
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    throw new OAuthError('invalid_request', 'Send the parameters as application/x-www-form-urlencoded.')
  }
  const { parameters, repeated } = parseParameters(await c.req.text())
  const [name] = [...repeated].filter(each => OAUTH_FORM_PARAMETERS.has(each))
  if (name !== undefined) throw new OAuthError('invalid_request', `Repeated parameter: ${name}. Send it once.`)
  return parameters
}

/** Text of a request as an error description may hold it (RFC 6749 appendix A.8). */
export function printable(text: string): string {
  return text.slice(0, 80).replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?')
}
