import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Runtime } from '../config/runtime.ts'
import type { RouteHandler } from '../http/environment.ts'
import { ApiError } from '../http/errors.ts'
import type { BearerRecord } from '../store/queries/bearer.ts'
import { type Soon, soon } from '../store/store.ts'
import { requireBearer } from '../tokens/bearer.ts'
import { describeUser } from './user-answer.ts'

/** The paths that real clients call. */
export const usersMePaths = ['/users/me', '/v1/users/me', '/api/v1/users/me']

export interface PlainAnswer {
  status: ContentfulStatusCode
  headers: Record<string, string>
  body: string
}

const HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }

/** `GET /users/me`: whom the token speaks for, as they are at the token's company. */
export const usersMe: RouteHandler = async c => {
  const { status, headers, body } = await answerUsersMe(c.var.runtime, c.req.header('Authorization'))
  return c.body(body, status, headers)
}

/**
 * The same for whatever server it is in.
 * @param authorization the request's header
 */
export function answerUsersMe(runtime: Runtime, authorization: string | undefined): Soon<PlainAnswer> {
  try {
    const answer = soon(requireBearer(runtime, authorization, 'base'), bearer => ({
      status: 200 as const,
      headers: HEADERS,
      body: render(bearer, runtime.clock()),
    }))
    return answer instanceof Promise ? answer.catch(refuse) : answer
  } catch (error) {
    return refuse(error)
  }
}

/** @throws what is no refusal */
function refuse(error: unknown): PlainAnswer {
  if (!(error instanceof ApiError)) throw error
  return { status: error.status, headers: { ...HEADERS, ...error.headers }, body: JSON.stringify(error.body()) }
}

const MINUTE = 60_000
const rendered = new WeakMap<BearerRecord, { minute: number; body: string }>()

/** The same record makes the same answer, but for the offset of its time zone: rendered once a minute. */
function render(bearer: BearerRecord, now: number): string {
  const minute = Math.floor(now / MINUTE)
  const known = rendered.get(bearer)
  if (known?.minute === minute) return known.body
  const body = JSON.stringify({ success: true, data: describeUser(bearer, now) })
  rendered.set(bearer, { minute, body })
  return body
}
