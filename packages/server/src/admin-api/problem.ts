import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { InputError, type InputMistake, NotFoundError, TakenError } from '../companies/input.ts'
import { toJsonName } from '../config/json-name.ts'
import { nodeHttp } from '../http/node-http.ts'

export type ProblemCode =
  | 'invalid_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'precondition_failed'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'idempotency_key_reused'
  | 'too_many_requests'
  | 'unavailable'
  | 'internal'

/** A request that is refused: answered as `application/problem+json` (RFC 9457). */
export class AdminProblem extends Error {
  override name = 'AdminProblem'
  readonly status: ContentfulStatusCode
  readonly code: ProblemCode
  readonly errors: readonly InputMistake[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: ContentfulStatusCode,
    code: ProblemCode,
    detail: string,
    more: { errors?: readonly InputMistake[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail)
    this.status = status
    this.code = code
    this.errors = more.errors ?? []
    this.headers = more.headers ?? {}
  }
}

export function problemResponse({ status, code, message, errors, headers }: AdminProblem, requestId: string): Response {
  const body = {
    type: 'about:blank',
    title: nodeHttp.STATUS_CODES[status] ?? 'Error',
    status,
    code,
    detail: message,
    request_id: requestId,
    ...(errors.length > 0 && { errors: errors.map(({ path, message }) => ({ field: path, message })) }),
  }
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
  })
}

/** What the functions that the commands use have refused; undefined for other errors. */
export function toProblem(error: unknown): AdminProblem | undefined {
  if (error instanceof AdminProblem) return error
  if (error instanceof NotFoundError) return new AdminProblem(404, 'not_found', error.message)
  if (error instanceof TakenError) return new AdminProblem(409, 'conflict', error.message)
  if (!(error instanceof InputError)) return undefined
  if (error.mistakes.length === 0) return new AdminProblem(400, 'invalid_request', error.message)
  return invalidFields(error.mistakes.map(inJsonNames))
}

/** A request with wrong fields, each named with what is wrong. */
export function invalidFields(errors: readonly InputMistake[]): AdminProblem {
  const detail = errors.map(({ path, message }) => `${path || 'The body'} ${message}`).join('; ')
  return new AdminProblem(400, 'invalid_request', detail.endsWith('.') ? detail : `${detail}.`, { errors })
}

/** `redirectUris.0` is `redirect_uris.0` in JSON. */
function inJsonNames({ path, message }: InputMistake): InputMistake {
  return { path: toJsonName(path), message }
}
