import { countUse } from '../apps/app-uses.ts'
import type { App } from '../apps/apps.ts'
import { FAPI2_ALGORITHMS, isFapi2 } from '../apps/fapi2.ts'
import type { Runtime } from '../config/runtime.ts'
import { actingAs } from '../http/acting.ts'
import type { EndpointContext, FormEndpoint } from '../http/environment.ts'
import { OAuthError } from '../http/errors.ts'
import { type Parameters, parseParameters, readOAuthForm } from '../http/form.ts'
import { rawQuery } from '../http/raw-query.ts'
import { issueIdToken } from '../openid/id-token.ts'
import { readSignIn } from '../openid/sign-in.ts'
import { findCompany } from '../store/queries/companies.ts'
import type { RefreshReading } from '../store/queries/refresh-reading.ts'
import { ProofError, verifyProof } from '../tokens/dpop.ts'
import { currentNonce } from '../tokens/dpop-nonce.ts'
import type { IssuedTokens } from '../tokens/issue.ts'
import { formatScopes } from '../tokens/scopes.ts'
import { authenticateClient } from './client-authentication.ts'
import { exchangeAuthorizationCode } from './grants/authorization-code.ts'
import { grantToApp } from './grants/client-credentials.ts'
import { exchangeDeviceCode } from './grants/device-code.ts'
import { type Grant, requireParameter } from './grants/grant.ts'
import { readAhead } from './grants/read-ahead.ts'
import { exchangeRefreshToken } from './grants/refresh-token.ts'
import { toJwtAccessToken } from './jwt-access-token.ts'

export const grants: Readonly<Record<string, Grant>> = {
  authorization_code: exchangeAuthorizationCode,
  refresh_token: exchangeRefreshToken,
  client_credentials: grantToApp,
  'urn:ietf:params:oauth:grant-type:device_code': exchangeDeviceCode,
}

const NEVER_IN_QUERY = new Set([
  'client_secret',
  'client_assertion',
  'code',
  'code_verifier',
  'refresh_token',
  'device_code',
  'token',
  'password',
])

/** `POST /oauth/token` (RFC 6749 section 3.2) */
export const token: FormEndpoint = async c => {
  refuseSecretsInQuery(c)
  const form = await readOAuthForm(c)
  const { runtime } = c.var
  let ahead: RefreshReading | undefined
  const app = await authenticateClient(c, form, 'token', async () => {
    ahead = await readRefreshToken(runtime, form)
    return ahead?.app
  })
  const { metrics } = runtime
  const [grantType, exchange] = findGrant(form)
  try {
    const jkt = await provenKey(c, app)
    const tokens = await exchange(actingAs(c, 'app', app.clientId), app, form, jkt, ahead)
    metrics.tokens.count({ grant: grantType, outcome: 'ok' })
    countUse(runtime, tokens.companyId, app.clientId, 'tokens')
    return await tokenAnswer(runtime, app, tokens)
  } catch (error) {
    metrics.tokens.count({ grant: grantType, outcome: error instanceof OAuthError ? error.code : 'failed' })
    throw error
  }
}

/** What a refresh needs, read at once: the database is waited for once before its commit. */
async function readRefreshToken(runtime: Runtime, form: Parameters): Promise<RefreshReading | undefined> {
  const presented = form.get('grant_type') === 'refresh_token' ? form.get('refresh_token') : undefined
  return presented === undefined ? undefined : readAhead(runtime, presented)
}

/**
 * The thumbprint of the key that a request was proved with (RFC 9449 section 5), null where it came without a proof.
 * @throws {OAuthError} `invalid_dpop_proof`
 */
export async function provenKey(c: EndpointContext, app: App): Promise<string | null> {
  const proof = c.req.header('DPoP')
  if (proof === undefined) {
    if (!app.requireDpop) return null
    throw new OAuthError('invalid_dpop_proof', 'This app must send a DPoP proof (RFC 9449).')
  }
  const { runtime } = c.var
  if (runtime.settings.dpopNonces) c.header('DPoP-Nonce', currentNonce(runtime))
  try {
    return await verifyProof(runtime, proof, {
      method: 'POST',
      url: runtime.settings.origin + c.req.path,
      ...(isFapi2(app) && { algorithms: FAPI2_ALGORITHMS }),
    })
  } catch (error) {
    if (!(error instanceof ProofError)) throw error
    throw new OAuthError(error.code, `The DPoP proof does not hold: ${error.message}.`)
  }
}

/**
 * Addresses end up in logs and histories.
 * @throws {OAuthError} `invalid_request`
 */
export function refuseSecretsInQuery(c: EndpointContext) {
  const query = rawQuery(c.req.url)
  if (query === '') return
  const found = [...parseParameters(query).names].find(name => NEVER_IN_QUERY.has(name))
  if (found) throw new OAuthError('invalid_request', `Send ${found} in the request body, never in the URL.`)
}

function findGrant(form: Parameters): [name: string, exchange: Grant] {
  const grantType = requireParameter(form, 'grant_type')
  const grant = Object.hasOwn(grants, grantType) ? grants[grantType] : undefined
  if (!grant) {
    const supported = Object.keys(grants).join(', ')
    throw new OAuthError('unsupported_grant_type', `Only ${supported} are supported.`)
  }
  return [grantType, grant]
}

async function tokenAnswer(runtime: Runtime, app: App, issued: IssuedTokens) {
  const tokens: IssuedTokens = { ...issued, ...(await toJwtAccessToken(runtime, app, issued)) }
  return {
    access_token: tokens.accessToken,
    token_type: tokens.jkt === null ? 'Bearer' : 'DPoP',
    expires_in: Math.max(0, Math.ceil((tokens.expiresAt - runtime.clock()) / 1000)),
    ...(tokens.refreshToken !== null && { refresh_token: tokens.refreshToken }),
    scope: formatScopes(tokens.scopes, app.profile),
    ...(await idTokenOf(runtime, app, tokens)),
    ...(tokens.installedBy !== undefined && { install_for: 'company', installed_by: tokens.installedBy }),
    api_domain: await apiDomain(runtime, tokens.companyId),
  }
}

/** An ID token where one was asked for and is still allowed (OpenID Connect Core sections 3.1.3.3 and 12.2). */
async function idTokenOf(runtime: Runtime, app: App, tokens: IssuedTokens): Promise<{ id_token?: string }> {
  const { openid, scopes, accessToken } = tokens
  if (openid === null || !scopes.includes('openid')) return {}
  const { clientId, idTokenAlgorithm: algorithm } = app
  const { companyId, userId } = tokens
  const signIn = readSignIn(openid)
  const idToken = await issueIdToken(runtime, { companyId, userId, clientId, algorithm, scopes, signIn, accessToken })
  if (idToken === undefined) throw new OAuthError('invalid_grant', 'The user is not a member of this company any more.')
  return { id_token: idToken }
}

async function apiDomain({ settings, store }: Runtime, companyId: number): Promise<string> {
  if (!settings.apiDomain?.includes('{company_domain}')) return settings.apiDomain ?? settings.origin
  const company = await findCompany(store, companyId)
  return settings.apiDomain.replaceAll('{company_domain}', company!.domain)
}
