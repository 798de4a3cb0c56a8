import { ResourceError } from './errors.ts'

/** An answer of introspection (RFC 7662 section 2.2). */
export type Introspection = { active: false } | ActiveToken

/** What the provider says of a token that is meant for this resource server. */
export interface ActiveToken {
  active: true
  scope: string
  client_id: string
  exp: number
  sub: string
  aud: string
  iss: string
  company_id: number
  user_id: number
  /** The key that the token is bound to (RFC 9449 section 6.2). */
  cnf?: { jkt: string }
  readonly [claim: string]: unknown
}

export interface IntrospectionOptions {
  issuer: string
  clientId: string
  clientSecret: string
  fetch: typeof fetch
  /** Milliseconds. */
  timeout: number
}

/** As many as the provider takes in one request. */
const MAX_BATCH = 100
/** Seconds after which a caller may try again when the provider does not answer. */
const RETRY_AFTER = 2

interface Waiting {
  token: string
  resolve(answer: Introspection): void
  reject(error: unknown): void
}

/**
 * Asks the provider what tokens are worth. While one request is under way, those that come meanwhile wait and go together in
 * the next: one connection is enough however many requests there are. A token is asked for after its request arrived, never
 * before, so that what is revoked is refused at the next request.
 */
export class Introspector {
  readonly #options: IntrospectionOptions
  readonly #authorization: string
  #waiting: Waiting[] = []
  #isAsking = false

  constructor(options: IntrospectionOptions) {
    this.#options = options
    const credentials = [options.clientId, options.clientSecret].map(encodeURIComponent).join(':')
    this.#authorization = `Basic ${btoa(credentials)}`
  }

  /** @throws {ResourceError} 503 when the provider does not answer, 500 when it does not know this resource server */
  introspect(token: string): Promise<Introspection> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ token, resolve, reject })
      if (!this.#isAsking) void this.#askForAll()
    })
  }

  async #askForAll(): Promise<void> {
    this.#isAsking = true
    // Those that arrive in the same turn go together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH)
      try {
        const answers = await this.#ask([...new Set(batch.map(({ token }) => token))])
        for (const { token, resolve } of batch) resolve(answers.get(token) ?? { active: false })
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#isAsking = false
  }

  async #ask(tokens: readonly string[]): Promise<Map<string, Introspection>> {
    const response = await this.#post(new URLSearchParams({ tokens: tokens.join(' ') }))
    if (response.status === 401) {
      throw new ResourceError(500, 'server_error', 'The provider refuses the credentials of this resource server.')
    }
    if (!response.ok) throw unavailable(`the provider answered ${response.status}`)
    const answer = (await response.json().catch(() => null)) as { results?: Introspection[] } | null
    const results = answer?.results
    if (!Array.isArray(results) || results.length !== tokens.length) throw unavailable('the answer makes no sense')
    return new Map(tokens.map((token, index) => [token, results[index]!]))
  }

  async #post(body: URLSearchParams): Promise<Response> {
    const { issuer, fetch, timeout } = this.#options
    try {
      return await fetch(`${issuer}/oauth/introspect`, {
        method: 'POST',
        headers: { Authorization: this.#authorization, 'Content-Type': 'application/x-www-form-urlencoded' },
        body: body.toString(),
        redirect: 'error',
        signal: AbortSignal.timeout(timeout),
      })
    } catch (error) {
      throw unavailable((error as Error).message)
    }
  }
}

function unavailable(reason: string): ResourceError {
  return new ResourceError(503, 'unavailable', `The token cannot be checked now: ${reason}.`, {
    'Retry-After': String(RETRY_AFTER),
  })
}
