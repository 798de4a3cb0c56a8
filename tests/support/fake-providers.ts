import { createHash, randomBytes } from 'node:crypto'

type Json = Record<string, unknown>

/** What a person allowed at a fake provider. */
export interface Allowed {
  user: string
  company: string
}

interface Grant extends Allowed {
  id: string
  scope: string
}

/**
 * The OAuth half that two well-known providers have in common, as their public documentation describes it: one code for one
 * exchange, Basic authentication of the app, refresh tokens that are replaced.
 */
abstract class FakeProvider {
  readonly client = { clientId: 'the-app', clientSecret: 'its-secret' }
  /** Whom the next authorization is for. */
  allows: Allowed
  protected readonly grants: Grant[] = []
  readonly #codes = new Map<string, { grant: Grant; redirectUri: string; challenge: string | null }>()
  readonly #accessTokens = new Map<string, Grant>()
  readonly #refreshTokens = new Map<string, Grant>()
  readonly requests: string[] = []

  constructor(allows: Allowed) {
    this.allows = allows
  }

  protected abstract readonly endpoints: { authorize: string; token: string; revoke?: string }
  protected abstract callbackParameters(grant: Grant): Record<string, string>
  protected abstract accessToken(grant: Grant): string
  protected abstract tokenFields(grant: Grant): Json
  /** An answer to a request with a token; undefined where there is nothing. */
  protected abstract api(url: URL, grant: Grant): Response | undefined

  readonly fetch = async (input: Request | URL | string, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    const url = new URL(request.url)
    const address = url.origin + url.pathname
    this.requests.push(`${request.method} ${address}`)
    if (address === this.endpoints.authorize) return this.#authorize(url)
    if (address === this.endpoints.token) return this.#token(request)
    if (address === this.endpoints.revoke) return this.#revoke(request)
    const token = /^Bearer (.+)$/.exec(request.headers.get('Authorization') ?? '')?.[1] ?? ''
    const grant = this.#accessTokens.get(token)
    if (!grant) return Response.json({ title: 'Unauthorized' }, { status: 401 })
    return this.api(url, grant) ?? Response.json({}, { status: 404 })
  }

  #authorize({ searchParams }: URL): Response {
    const grant = { ...this.allows, id: crypto.randomUUID(), scope: searchParams.get('scope') ?? '' }
    this.grants.push(grant)
    const redirectUri = searchParams.get('redirect_uri') ?? ''
    const code = randomBytes(16).toString('hex')
    this.#codes.set(code, { grant, redirectUri, challenge: searchParams.get('code_challenge') })
    const callback = new URL(redirectUri)
    const parameters = { code, state: searchParams.get('state') ?? '', ...this.callbackParameters(grant) }
    for (const [name, value] of Object.entries(parameters)) callback.searchParams.set(name, value)
    return Response.redirect(callback, 302)
  }

  async #token(request: Request): Promise<Response> {
    if (!this.#isTheApp(request)) return Response.json({ error: 'invalid_client' }, { status: 401 })
    const form = new URLSearchParams(await request.text())
    if (form.get('grant_type') === 'refresh_token') {
      const token = form.get('refresh_token') ?? ''
      const grant = this.#refreshTokens.get(token)
      this.#refreshTokens.delete(token)
      return grant ? this.#tokens(grant) : Response.json({ error: 'invalid_grant' }, { status: 400 })
    }
    const code = this.#codes.get(form.get('code') ?? '')
    this.#codes.delete(form.get('code') ?? '')
    const digest = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    const isRight =
      code && code.redirectUri === form.get('redirect_uri') && (code.challenge === null || code.challenge === digest)
    return isRight ? this.#tokens(code.grant) : Response.json({ error: 'invalid_grant' }, { status: 400 })
  }

  #tokens(grant: Grant): Response {
    const [accessToken, refreshToken] = [this.accessToken(grant), randomBytes(16).toString('hex')]
    this.#accessTokens.set(accessToken, grant)
    this.#refreshTokens.set(refreshToken, grant)
    const fields = { token_type: 'bearer', access_token: accessToken, refresh_token: refreshToken }
    return Response.json({ ...fields, ...this.tokenFields(grant) })
  }

  async #revoke(request: Request): Promise<Response> {
    if (!this.#isTheApp(request)) return Response.json({ error: 'invalid_client' }, { status: 401 })
    const token = new URLSearchParams(await request.text()).get('token') ?? ''
    this.#refreshTokens.delete(token)
    return new Response(null, { status: 200 })
  }

  /** RFC 6749 section 2.3.1: both halves are encoded as in a form. */
  #isTheApp(request: Request): boolean {
    const given = /^Basic (.+)$/.exec(request.headers.get('Authorization') ?? '')?.[1] ?? ''
    const [clientId, clientSecret] = atob(given).split(':').map(decodeURIComponent)
    return clientId === this.client.clientId && clientSecret === this.client.clientSecret
  }
}

/** QuickBooks Online: the callback alone says which company, and a token reads that company only. */
export class FakeQuickBooks extends FakeProvider {
  readonly companies: Record<string, string> = { '9130357849271196': 'MI6', '9130357849271197': 'Universal Exports' }
  protected readonly endpoints = {
    authorize: 'https://appcenter.intuit.com/connect/oauth2',
    token: 'https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
  }

  protected callbackParameters = ({ company }: Grant) => ({ realmId: company })
  protected accessToken = () => randomBytes(64).toString('base64url')
  protected tokenFields = () => ({ expires_in: 3600, x_refresh_token_expires_in: 8726400, id_token: 'e30.e30.x' })

  protected api({ origin, pathname }: URL, { user, company }: Grant): Response | undefined {
    if (origin === 'https://accounts.platform.intuit.com' && pathname === '/v1/openid_connect/userinfo') {
      return Response.json({
        sub: user,
        givenName: 'James',
        familyName: 'Bond',
        email: 'james.bond@mi6.example',
        emailVerified: true,
      })
    }
    const [, realm, id] = /^\/v3\/company\/([^/]+)\/companyinfo\/([^/]+)$/.exec(pathname) ?? []
    if (origin !== 'https://quickbooks.api.intuit.com' || realm === undefined || realm !== id) return undefined
    if (decodeURIComponent(realm) !== company) {
      const error = {
        Message: 'message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403',
        code: '3100',
      }
      return Response.json({ Fault: { Error: [error], type: 'AuthorizationFault' } }, { status: 403 })
    }
    return Response.json({ CompanyInfo: { Id: '1', CompanyName: this.companies[company], Country: 'GB' } })
  }
}

/** Xero: a token is the user's, and `/connections` says for which organisations. */
export class FakeXero extends FakeProvider {
  readonly organisations: Record<string, string> = {
    'fe79f7dd-b6d4-4a92-ba7b-538af6289c58': 'MI6',
    '0b3c9d52-6a4e-4c86-9a3e-1f0f4f1f2a77': 'Universal Exports',
  }
  protected readonly endpoints = {
    authorize: 'https://login.xero.com/identity/connect/authorize',
    token: 'https://identity.xero.com/connect/token',
    revoke: 'https://identity.xero.com/connect/revocation',
  }

  protected callbackParameters = ({ scope }: Grant) => ({ scope, session_state: 'x.y' })
  protected tokenFields = ({ scope }: Grant) => ({ expires_in: 1800, scope, id_token: 'e30.e30.x' })

  protected accessToken({ id, user }: Grant): string {
    const part = (value: Json) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = {
      iss: 'https://identity.xero.com',
      xero_userid: user,
      authentication_event_id: id,
      jti: randomBytes(8).toString('hex'),
    }
    return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${randomBytes(32).toString('base64url')}`
  }

  protected api({ origin, pathname, searchParams }: URL, { user }: Grant): Response | undefined {
    if (origin === 'https://identity.xero.com' && pathname === '/connect/userinfo') {
      return Response.json({ sub: user, given_name: 'James', family_name: 'Bond', email: 'james.bond@mi6.example' })
    }
    if (origin !== 'https://api.xero.com' || pathname !== '/connections') return undefined
    const event = searchParams.get('authEventId')
    const newest = new Map(this.grants.filter(grant => grant.user === user).map(grant => [grant.company, grant]))
    const connections = [...newest.values()].filter(({ id }) => event === null || event === id)
    return Response.json(
      connections.map(({ id, company }) => ({
        id: crypto.randomUUID(),
        authEventId: id,
        tenantId: company,
        tenantType: 'ORGANISATION',
        tenantName: this.organisations[company],
      })),
    )
  }
}
