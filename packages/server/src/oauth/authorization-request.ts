import type { Runtime } from '../config/runtime.ts'
import { OAuthError } from '../http/errors.ts'
import { type Parameters, type ParsedParameters, parseParameters } from '../http/form.ts'
import { asciiQuery } from '../http/raw-query.ts'
import type { OpenidParameters } from '../openid/authorization-parameters.ts'
import { PageError } from '../pages/error-page.ts'
import type { DeviceRequestRow } from '../store/queries/device-requests.ts'
import type { PushedRequestRow } from '../store/queries/pushed-requests.ts'
import { type AnswerTarget, AuthorizationError } from './authorization-answer.ts'
import { checkTarget, requireClient, requireEnabledClient } from './authorization-target.ts'
import { findPendingRequest, isDeviceRequestUri } from './device-request.ts'
import { checkCodeChallenge } from './pkce.ts'
import { findKeptRequest, keepRequest } from './pushed-request.ts'
import { readRequestObject } from './request-object.ts'
import { checkRequestedAccess } from './requested-access.ts'

/** What an app asks of a person (RFC 6749 section 4.1.1), checked. */
export interface AuthorizationRequest extends AnswerTarget {
  /** The query as received: forms carry it along, and every step checks it again. */
  query: string
  /** Where the app has sent it beforehand (RFC 9126). */
  pushed: PushedRequestRow | undefined
  scopes: string[]
  codeChallenge: string | undefined
  prompt: readonly string[]
  /** A hint: preselects a company, never skips a check. */
  companyId: number | undefined
  /** The resource servers that the tokens are for (RFC 8707), as they are stored; null for the platform's default API. */
  resources: string | null
  /** The company whose address a resource is: no other will do. */
  onlyCompanyId: number | undefined
  /** The key that the code is bound to (RFC 9449 section 10). */
  jkt: string | null
  loginHint: string | undefined
  uiLocales: string | undefined
  /** Where an ID token is asked for (OpenID Connect Core section 3.1.2.1). */
  openid: OpenidParameters | undefined
}

/** Parameters that must not be repeated (RFC 6749 section 3.1). Unknown ones are ignored; `resource` may be repeated. */
const KNOWN = new Set([
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'response_mode',
  'nonce',
  'display',
  'prompt',
  'max_age',
  'ui_locales',
  'id_token_hint',
  'login_hint',
  'acr_values',
  'claims',
  'claims_locales',
  'registration',
  'request',
  'request_uri',
  'code_challenge',
  'code_challenge_method',
  'company_id',
  'dpop_jkt',
])

/**
 * @throws {PageError} while it is not known that the redirect URI is the app's own (RFC 6749 section 4.1.2.1)
 * @throws {AuthorizationError} after that
 */
export async function checkAuthorizationRequest(
  runtime: Runtime,
  rawQuery: string,
  { isPushed = false }: { isPushed?: boolean } = {},
): Promise<AuthorizationRequest> {
  const query = asciiQuery(rawQuery)
  const outer = parseParameters(query)
  const requestUri = outer.parameters.get('request_uri')
  if (requestUri === undefined || isPushed) return checkParameters(runtime, query, undefined, isPushed, outer)
  // Everything else in the address is ignored: the app did not send it.
  if (isDeviceRequestUri(requestUri)) {
    const device = await findPendingRequest(runtime, requestUri, outer.parameters.get('client_id'))
    return { ...(await checkDeviceRequest(runtime, device.query, device)), query }
  }
  const pushed = await findKeptRequest(runtime, requestUri, outer.parameters.get('client_id'))
  return { ...(await checkParameters(runtime, pushed.query, pushed, true)), query }
}

/**
 * The query of a request; of one that the app has signed (RFC 9101), which is kept as if it had been pushed, a query that names it.
 * @throws {PageError} and {AuthorizationError} as {@link checkAuthorizationRequest} does
 */
export async function keepSignedRequest(runtime: Runtime, rawQuery: string): Promise<string> {
  const query = asciiQuery(rawQuery)
  const { parameters, repeated } = parseParameters(query)
  const text = parameters.get('request')
  if (text === undefined) return query
  if (parameters.has('request_uri') || repeated.has('request') || repeated.has('client_id')) {
    throw new PageError(400, 'error.repeated')
  }
  const app = await requireClient(runtime, parameters)
  const signed = await readRequestObject(runtime, app, text).catch(async error => {
    if (!(error instanceof OAuthError)) throw error
    if (!parameters.has('redirect_uri')) throw new PageError(400, 'error.requestObject', { app: app.name })
    const target = await checkTarget(runtime, parameters, repeated, query)
    throw new AuthorizationError(target, error.code, error.description)
  })
  await checkParameters(runtime, signed, undefined, false)
  const requestUri = await keepRequest(runtime, app.clientId, signed)
  return `client_id=${encodeURIComponent(app.clientId)}&request_uri=${encodeURIComponent(requestUri)}`
}

async function checkParameters(
  runtime: Runtime,
  query: string,
  pushed: PushedRequestRow | undefined,
  isPushed: boolean,
  { parameters, repeated }: ParsedParameters = parseParameters(query),
): Promise<AuthorizationRequest> {
  const target = await checkTarget(runtime, parameters, repeated, query, { isKept: pushed !== undefined })
  if (target.app.requirePar && !isPushed) {
    throw new AuthorizationError(target, 'invalid_request', 'This app must push its authorization requests (RFC 9126).')
  }
  checkRepeated(target, repeated)
  checkResponseType(target, parameters)
  checkPrompt(target, parameters)
  return {
    query,
    pushed,
    ...(await checkRequestedAccess(runtime, target, parameters)),
    codeChallenge: checkCodeChallenge(target, parameters),
    prompt: parameters.get('prompt')?.split(' ') ?? [],
    jkt: checkThumbprint(target, parameters.get('dpop_jkt')),
  }
}

/**
 * What a device asks for (RFC 8628 section 3.1): it is answered when it asks again, and not by a redirect.
 * @throws {PageError} {AuthorizationError} as {@link checkAuthorizationRequest} does
 */
export async function checkDeviceRequest(
  runtime: Runtime,
  query: string,
  device?: DeviceRequestRow,
): Promise<AuthorizationRequest> {
  const { parameters, repeated } = parseParameters(query)
  const app = await requireEnabledClient(runtime, parameters)
  const redirectUri = `${runtime.settings.origin}/device/allowed`
  const target: AnswerTarget = { app, redirectUri, rawState: undefined, device }
  checkRepeated(target, repeated)
  const wanted = await checkRequestedAccess(runtime, target, parameters)
  return { query, pushed: undefined, ...wanted, codeChallenge: undefined, prompt: [], jkt: null }
}

function checkRepeated(target: AnswerTarget, repeated: ReadonlySet<string>) {
  const [name] = [...repeated].filter(each => KNOWN.has(each))
  if (name === undefined) return
  throw new AuthorizationError(target, 'invalid_request', `Repeated parameter: ${name}. Send it once.`)
}

function checkResponseType(target: AnswerTarget, parameters: Parameters) {
  const responseType = parameters.get('response_type') ?? 'code'
  if (responseType !== 'code') {
    throw new AuthorizationError(target, 'unsupported_response_type', 'Only the response type "code" is supported.')
  }
  if ((parameters.get('response_mode') ?? 'query') !== 'query') {
    throw new AuthorizationError(target, 'invalid_request', 'Only the response mode "query" is supported.')
  }
  if (parameters.has('registration')) {
    throw new AuthorizationError(target, 'registration_not_supported', 'Apps are registered beforehand.')
  }
  if (parameters.has('request')) {
    throw new AuthorizationError(target, 'invalid_request', 'request: send it to the authorization endpoint.')
  }
}

function checkPrompt(target: AnswerTarget, parameters: Parameters) {
  const prompts = parameters.get('prompt')?.split(' ') ?? []
  if (prompts.includes('none') && prompts.length > 1) {
    throw new AuthorizationError(target, 'invalid_request', 'prompt: "none" cannot be combined with other values.')
  }
}

function checkThumbprint(target: AnswerTarget, text: string | undefined): string | null {
  if (text === undefined || /^[\w-]{43}$/.test(text)) return text ?? null
  throw new AuthorizationError(target, 'invalid_request', 'dpop_jkt must be the SHA-256 thumbprint of a key.')
}
