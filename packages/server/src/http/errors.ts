import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** What an OAuth client did wrong: answered as JSON at an endpoint (RFC 6749 section 5.2) or sent back by redirect. */
export class OAuthError extends Error {
  override name = 'OAuthError'
  readonly code: string
  readonly description: string
  readonly status: ContentfulStatusCode
  readonly headers: Record<string, string>

  constructor(
    code: string,
    description: string,
    options: { status?: ContentfulStatusCode; headers?: Record<string, string> } = {},
  ) {
    super(`${code}: ${description}`)
    this.code = code
    this.description = description
    this.status = options.status ?? 400
    this.headers = options.headers ?? {}
  }
}

/** What a caller of the API did wrong: answered in the API's envelope. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: ContentfulStatusCode
  readonly headers: Record<string, string>

  constructor(status: ContentfulStatusCode, error: string, headers: Record<string, string> = {}) {
    super(error)
    this.status = status
    this.headers = headers
  }

  /** The error envelope that API clients know. */
  body() {
    return {
      success: false,
      error: this.message,
      error_info: 'See the reference of the HTTP endpoints.',
      data: null,
      additional_data: null,
    }
  }
}

/** A client has sent more than its limit allows: answered with 429 and when to come back. */
export class TooManyRequests extends Error {
  override name = 'TooManyRequests'
  readonly limit: string
  readonly perMinute: number
  /** Seconds. */
  readonly retryAfter: number

  /** @param limit such as `token.app` */
  constructor(limit: string, perMinute: number, retryAfter: number) {
    super(`More than ${perMinute} requests a minute (${limit}).`)
    this.limit = limit
    this.perMinute = perMinute
    this.retryAfter = retryAfter
  }
}

/** More work than can be done now: answered with 503 and the advice to come back. */
export class TooBusy extends Error {
  override name = 'TooBusy'
}

/** A query or form with more parameters than any client sends: refused before it is decoded. */
export class TooManyParameters extends Error {
  override name = 'TooManyParameters'
}
