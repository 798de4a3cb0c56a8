import { STATUS_CODES } from 'node:http'
import { z } from '@hono/zod-openapi'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { InputError, type InputMistake, NotFoundError, TakenError } from '../companies/input.ts'
import { toJsonName } from '../config/json-name.ts'
import { validationWords } from '../config/validation-words.ts'

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

export const problemSchema = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: 'What is wrong, for programs.' }),
    detail: z.string().openapi({ description: 'What is wrong and what to do about it, for people.' }),
    request_id: z.string().openapi({ description: 'The id of the log line.' }),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: 'Each field that is wrong.' }),
  })
  .openapi('Problem')

export function problemResponse({ status, code, message, errors, headers }: AdminProblem, requestId: string): Response {
  const body = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
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

const defaultWords = z.locales.en().localeError

/** What a check of Zod found: in our own words, where the schema has none of its own. */
export function mistakesOf(error: z.ZodError): InputMistake[] {
  return error.issues.flatMap(issue => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map(key => ({
        path: [...issue.path, key].join('.'),
        message: 'is not a field of this request',
      }))
    }
    const message = (hasDefaultWords(issue) && validationWords(withInput(issue))) || issue.message
    return [{ path: issue.path.join('.'), message }]
  })
}

function hasDefaultWords(issue: z.core.$ZodIssue): boolean {
  return (
    issue.message.startsWith('Invalid input: ') ||
    messageOf(defaultWords(issue as z.core.$ZodRawIssue)) === issue.message
  )
}

/** An issue says only in its message whether there was anything. */
function withInput(issue: z.core.$ZodIssue): z.core.$ZodRawIssue {
  return { ...issue, input: issue.message.endsWith('received undefined') ? undefined : null } as z.core.$ZodRawIssue
}

function messageOf(words: ReturnType<typeof defaultWords>): string | undefined {
  return typeof words === 'object' ? words?.message : words
}

/** `redirectUris.0` is `redirect_uris.0` in JSON. */
function inJsonNames({ path, message }: InputMistake): InputMistake {
  return { path: toJsonName(path), message }
}
