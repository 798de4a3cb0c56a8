import { type App, findRegisteredApp, toApp } from '../apps/apps.ts'
import { holdsSecret } from '../apps/client-secrets.ts'
import type { Runtime } from '../config/runtime.ts'
import type { EndpointContext } from '../http/environment.ts'
import { OAuthError } from '../http/errors.ts'
import type { Parameters } from '../http/form.ts'
import { countRequest, limitFailures } from '../rate-limits/limit-requests.ts'
import { findAuthenticatedResourceServer, mayBeResourceServer } from '../resource-servers/secret.ts'
import type { AppFacts } from '../store/queries/apps.ts'
import type { ResourceServerRow } from '../store/queries/resource-servers.ts'
import { annotateSpan } from '../tracing/spans.ts'
import { ASSERTION_TYPE, readAssertionClient, verifyAssertion } from './client-assertion.ts'

interface Credentials {
  method: 'basic' | 'post' | 'assertion' | 'none'
  clientId: string
  secret?: string
}

/**
 * Who introspects: a confidential app its own tokens, a resource server those that are meant for it.
 * @throws {OAuthError} `invalid_client`, `invalid_request`
 * @throws {TooManyRequests}
 */
export async function authenticateIntrospector(
  c: EndpointContext,
  form: Parameters,
): Promise<{ app: App } | { server: ResourceServerRow }> {
  const credentials = readCredentials(c, form)
  const { clientId, secret } = credentials
  if (!mayBeResourceServer(clientId)) return { app: await authenticateClient(c, form, 'introspect') }
  const countFailure = limitFailures(c, 'introspect')
  const server =
    secret === undefined ? undefined : await findAuthenticatedResourceServer(c.var.runtime, clientId, secret)
  if (!server) {
    countFailure()
    throw refused(credentials, 'The client id or secret is wrong.')
  }
  annotateSpan({ 'tenantry.client_id': clientId })
  countRequest(c, [{ group: 'introspect', by: 'app', id: clientId, clientId }])
  return { server }
}

/**
 * The app that sends a request (RFC 6749 section 2.3): Basic, the body, `private_key_jwt`, or a public client's mere
 * name. Never two ways at once.
 * @param readKnown reads an app with what the request presents, for a network that is not refused; it counts only if the client says
 * that it is this one
 * @param group whose limits its request counts against; failures count against those of the network
 * @throws {OAuthError} `invalid_client`, `invalid_request`
 * @throws {TooManyRequests}
 */
export async function authenticateClient(
  c: EndpointContext,
  form: Parameters,
  group: 'token' | 'introspect' = 'token',
  readKnown?: () => Promise<AppFacts | undefined>,
): Promise<App> {
  const countFailure = limitFailures(c, group)
  try {
    const app = await authenticate(c, form, readKnown)
    annotateSpan({ 'tenantry.client_id': app.clientId })
    countRequest(c, [{ group, by: 'app', id: app.clientId, clientId: app.clientId }])
    return app
  } catch (error) {
    if (error instanceof OAuthError) countFailure()
    throw error
  }
}

async function authenticate(
  c: EndpointContext,
  form: Parameters,
  readKnown: (() => Promise<AppFacts | undefined>) | undefined,
): Promise<App> {
  const credentials = readCredentials(c, form)
  const { clientId } = credentials
  const known = await readKnown?.()
  const app = known?.client_id === clientId ? toApp(known) : await findRegisteredApp(c.var.runtime, clientId)
  if (credentials.method === 'assertion') await verifyAssertion(c.var.runtime, app, form.get('client_assertion')!)
  else await checkSecret(c.var.runtime, app, credentials)
  if (app!.disabledAt !== null) throw refused(credentials, 'The app is disabled.')
  return app!
}

function readCredentials(c: EndpointContext, form: Parameters): Credentials {
  const header = c.req.header('Authorization')
  const clientId = form.get('client_id')
  const secret = form.get('client_secret')
  const ways = [header, secret, form.get('client_assertion')].filter(way => way !== undefined)
  if (ways.length > 1) throw new OAuthError('invalid_request', 'Multiple client authentication methods. Use one.')
  if (header !== undefined) return readBasic(header, clientId)
  if (form.has('client_assertion')) return readAssertion(form, clientId)
  if (clientId === undefined)
    throw refused(
      { method: 'none' },
      'Client authentication missing. Send HTTP Basic, client_secret or client_assertion; a public client sends client_id.',
    )
  return secret === undefined ? { method: 'none', clientId } : { method: 'post', clientId, secret }
}

function readBasic(header: string, bodyClientId: string | undefined): Credentials {
  // Repeated fields are joined by commas (RFC 9110 section 5.2), and Basic holds none.
  if (header.includes(',')) {
    throw new OAuthError('invalid_request', 'Repeated Authorization header. Send it once.')
  }
  const encoded = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(header)?.[1]
  const [id, secret] = splitOnce(Buffer.from(encoded ?? '', 'base64').toString('utf8'))
  const clientId = formDecode(id)
  const clientSecret = secret === undefined ? undefined : formDecode(secret)
  if (!encoded || !clientId || clientSecret === undefined) {
    throw refused({ method: 'basic' }, 'The Authorization header is not HTTP Basic with client id and secret.')
  }
  if (bodyClientId !== undefined && bodyClientId !== clientId) {
    throw new OAuthError('invalid_request', 'The client_id in the body does not match the authenticated client.')
  }
  return { method: 'basic', clientId, secret: clientSecret }
}

function readAssertion(form: Parameters, bodyClientId: string | undefined): Credentials {
  if (form.get('client_assertion_type') !== ASSERTION_TYPE) {
    throw new OAuthError('invalid_request', `The client_assertion_type must be ${ASSERTION_TYPE}.`)
  }
  const clientId = readAssertionClient(form.get('client_assertion')!)
  if (clientId === undefined || (bodyClientId !== undefined && bodyClientId !== clientId)) {
    throw refused({ method: 'assertion' }, 'The client assertion is not a JWT of this client.')
  }
  return { method: 'assertion', clientId }
}

async function checkSecret(runtime: Runtime, app: App | undefined, credentials: Credentials) {
  // An empty secret may be omitted, and the other way round (RFC 6749 section 2.3.1): a public client has none.
  if (credentials.method === 'none' || (credentials.secret === '' && app?.isPublic)) {
    if (!app?.isPublic) throw refused(credentials, 'The client is unknown or must authenticate itself.')
    return
  }
  if (!(await holdsSecret(runtime, app, credentials.secret!))) {
    throw refused(credentials, 'The client id or secret is wrong.')
  }
}

function refused({ method }: Pick<Credentials, 'method'>, description: string): OAuthError {
  const headers: Record<string, string> =
    method === 'basic' ? { 'WWW-Authenticate': 'Basic realm="Tenantry", charset="UTF-8"' } : {}
  return new OAuthError('invalid_client', description, { status: 401, headers })
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf(':')
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/** Id and secret are form-encoded before Basic joins them (RFC 6749 section 2.3.1). */
function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
