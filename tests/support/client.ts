import { createHash, randomBytes } from 'node:crypto'

export type Fetch = (path: string, init?: RequestInit) => Promise<Response>

export interface TokenAnswer {
  access_token: string
  token_type: string
  expires_in: number
  refresh_token: string
  scope: string
  api_domain: string
  error?: string
  error_description?: string
}

/** An app's server, as far as it speaks to the provider. */
export class Client {
  readonly #fetch: Fetch
  readonly id: string
  readonly secret: string | null
  readonly redirectUri: string

  constructor(fetch: Fetch, id: string, secret: string | null, redirectUri: string) {
    this.#fetch = fetch
    this.id = id
    this.secret = secret
    this.redirectUri = redirectUri
  }

  /** The path that a browser is sent to. */
  authorizePath(parameters: Record<string, string | undefined> = {}): string {
    const all = { client_id: this.id, redirect_uri: this.redirectUri, state: 'a state', ...parameters }
    const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined)
    return `/oauth/authorize?${new URLSearchParams(given)}`
  }

  /** Posts a form to an endpoint with the client's own credentials. */
  post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    const basic = Buffer.from(`${this.id}:${this.secret}`).toString('base64')
    return this.#fetch(path, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        ...(this.secret === null ? {} : { Authorization: `Basic ${basic}` }),
        ...headers,
      },
      body: new URLSearchParams(this.secret === null ? { client_id: this.id, ...form } : form).toString(),
    })
  }

  exchange(code: string, more: Record<string, string> = {}): Promise<Response> {
    return this.post('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: this.redirectUri,
      ...more,
    })
  }

  async tokens(code: string, more: Record<string, string> = {}): Promise<TokenAnswer> {
    return (await (await this.exchange(code, more)).json()) as TokenAnswer
  }

  refresh(refreshToken: string, more: Record<string, string> = {}): Promise<Response> {
    return this.post('/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken, ...more })
  }

  async refreshed(refreshToken: string, more: Record<string, string> = {}): Promise<TokenAnswer> {
    return (await (await this.refresh(refreshToken, more)).json()) as TokenAnswer
  }

  revoke(token: string): Promise<Response> {
    return this.post('/oauth/revoke', { token })
  }

  introspect(token: string): Promise<Response> {
    return this.post('/oauth/introspect', { token })
  }

  me(accessToken: string): Promise<Response> {
    return this.#fetch('/users/me', { headers: { Authorization: `Bearer ${accessToken}` } })
  }
}

export function pkcePair(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}
