import type { components } from './generated/api.ts'

/** What the API answers when it refuses a request (RFC 9457). */
export type Problem = components['schemas']['Problem']

/** A field that is wrong. */
export type FieldError = NonNullable<Problem['errors']>[number]

/** A request that was refused, with the problem as it was answered. */
export class AdminError extends Error {
  override name = 'AdminError'
  readonly status: number
  /** For programs, such as `not_found`. */
  readonly code: string
  /** Each field that is wrong. */
  readonly errors: readonly FieldError[]
  /** Finds the request in the provider's log. */
  readonly requestId: string | undefined
  /** Seconds to wait, if the answer says. */
  readonly retryAfter: number | undefined

  constructor(problem: Partial<Problem> | undefined, response: Response) {
    super(problem?.detail ?? `The admin API answered with ${response.status}.`)
    this.status = response.status
    this.code = problem?.code ?? 'unknown'
    this.errors = problem?.errors ?? []
    this.requestId = problem?.request_id ?? response.headers.get('X-Request-Id') ?? undefined
    const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN)
    this.retryAfter = Number.isFinite(seconds) ? seconds : undefined
  }
}

/** What a call gives back. */
interface Answer<Data> {
  data?: Data
  error?: unknown
  response: Response
}

/**
 * What was answered.
 * @throws {AdminError} where the request was refused
 * @example
 * ```ts
 * import { AdminError, createAdminClient, unwrap } from '@tenantry/admin'
 * const admin = createAdminClient({ origin: 'https://id.example.com', key: process.env.TENANTRY_ADMIN_KEY! })
 * try {
 *   const user = unwrap(await admin.GET('/admin/v1/users/{user_id}', { params: { path: { user_id: 777 } } }))
 *   console.log(user.name)
 * } catch (error) {
 *   if (!(error instanceof AdminError)) throw error
 *   console.log(error.code)
 * }
 * ```
 */
export function unwrap<Data>({ data, error, response }: Answer<Data>): Data {
  if (response.ok) return data as Data
  throw new AdminError(typeof error === 'object' ? (error as Partial<Problem>) : undefined, response)
}
