/**
 * A request that is refused, with what to answer: `status`, `headers` (`WWW-Authenticate` among them) and `body`, JSON.
 */
export class ResourceError extends Error {
  override name = 'ResourceError'
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  /** @param code as RFC 6750 section 3.1 has it, or `unavailable`, or `not_found` */
  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers }
  }

  get body(): string {
    return JSON.stringify({ error: this.code, error_description: this.message })
  }

  /** The same for servers of web-standard responses. */
  toResponse(): Response {
    return new Response(this.body, { status: this.status, headers: this.headers })
  }
}

/**
 * Whether an error is one of this package, however many copies of it are loaded.
 * @example
 * ```ts
 * import { isResourceError } from '@tenantry/resource'
 * try {
 *   await notes.check({ url: 'https://notes.example.com/', authorization: undefined })
 * } catch (error) {
 *   if (isResourceError(error)) console.log(error.status, error.headers['WWW-Authenticate'])
 * }
 * ```
 */
export function isResourceError(error: unknown): error is ResourceError {
  return error instanceof Error && error.name === 'ResourceError' && 'status' in error
}
