import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type App, changeApp, createApp, findRegisteredApp } from '../apps/apps.ts'
import { deleteApp } from '../apps/delete-app.ts'
import { clientMetadata, describeRegistration, toNewApp } from '../apps/registration.ts'
import { checkInput, InputError } from '../companies/input.ts'
import { actingAs } from '../http/acting.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { OAuthError } from '../http/errors.ts'
import { hashSecret } from '../tokens/token-text.ts'

const HOUR = 3600 * 1000
/** How long an app stays that no one has allowed yet. */
const UNUSED_FOR = 24 * HOUR

/** `POST /oauth/register` (RFC 7591): an app registers itself, if the policy lets it. */
export const register: RouteHandler = async c => {
  requireOpen(c)
  const { runtime } = c.var
  const registrationToken = randomBytes(32).toString('base64url')
  const app = await refusingMetadata(async () => {
    const input = await toNewApp(runtime, checkInput(clientMetadata, await readJson(c)))
    const { app } = await createApp(actingAs(c, 'app', null), input, {
      registration_token_hash: hashSecret(registrationToken),
      unused_until: runtime.clock() + UNUSED_FOR,
    })
    return app
  })
  return c.json(representation(c, app, registrationToken), 201)
}

/** `GET /oauth/register/:client_id` (RFC 7592 section 2.1) */
export const readRegistration: RouteHandler = async c => {
  const { app, token } = await requireRegistration(c)
  return c.json(representation(c, app, token))
}

/** `PUT /oauth/register/:client_id` (RFC 7592 section 2.2): what is not sent is as if it had never been. */
export const replaceRegistration: RouteHandler = async c => {
  const { app, token } = await requireRegistration(c)
  const changed = await refusingMetadata(async () => {
    const { isPublic: _, ...input } = await toNewApp(c.var.runtime, checkInput(clientMetadata, await readJson(c)))
    return changeApp(actingAs(c, 'app', app.clientId), app.clientId, input)
  })
  return c.json(representation(c, changed, token))
}

/** `DELETE /oauth/register/:client_id` (RFC 7592 section 2.3): with its installations and tokens. */
export const deleteRegistration: RouteHandler = async c => {
  const { app } = await requireRegistration(c)
  await deleteApp(actingAs(c, 'app', app.clientId), app.clientId)
  return c.body(null, 204)
}

/** @throws {OAuthError} */
function requireOpen(c: RequestContext) {
  const { registration, registrationToken } = c.var.runtime.settings
  if (registration === 'off') {
    throw new OAuthError('access_denied', 'Apps cannot register themselves here. Ask the platform.', { status: 403 })
  }
  if (registration === 'open') return
  if (!isSame(bearerOf(c), registrationToken ?? '')) throw invalidToken('An initial access token is needed.')
}

/** The app that an address names, for who has its registration access token. The answer is the same where there is none. */
async function requireRegistration(c: RequestContext): Promise<{ app: App; token: string }> {
  const app = await findRegisteredApp(c.var.runtime, c.req.param('client_id') ?? '')
  const token = bearerOf(c)
  const isOwn = timingSafeEqual(hashSecret(token), app?.registrationTokenHash ?? new Uint8Array(32))
  if (!app?.registrationTokenHash || !isOwn) throw invalidToken('The registration access token is not one of this app.')
  return { app, token }
}

function representation(c: RequestContext, app: App, token: string) {
  c.header('Cache-Control', 'no-store')
  return {
    ...describeRegistration(app),
    registration_access_token: token,
    registration_client_uri: `${c.var.runtime.settings.origin}/oauth/register/${app.clientId}`,
  }
}

async function readJson(c: RequestContext): Promise<unknown> {
  try {
    return await c.req.json()
  } catch {
    throw new InputError('Send the metadata as JSON.')
  }
}

/** What an operator reads of an entry, as RFC 7591 section 3.2.2 has it. */
async function refusingMetadata<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const isRedirectUri = /^redirect_?uris/i.test(error.message)
    throw new OAuthError(isRedirectUri ? 'invalid_redirect_uri' : 'invalid_client_metadata', error.message)
  }
}

function bearerOf(c: RequestContext): string {
  return /^Bearer +(\S+) *$/i.exec(c.req.header('Authorization') ?? '')?.[1] ?? ''
}

function isSame(given: string, expected: string): boolean {
  return expected !== '' && timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'))
}

function invalidToken(description: string): OAuthError {
  const headers = { 'WWW-Authenticate': 'Bearer error="invalid_token"' }
  return new OAuthError('invalid_token', description, { status: 401, headers })
}
