import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Runtime } from '../config/runtime.ts'
import { basePathOf } from '../http/base-path.ts'
import type { RouteHandler } from '../http/environment.ts'
import { ApiError } from '../http/errors.ts'
import type { BearerRecord } from '../store/queries/bearer.ts'
import { type Soon, soon } from '../store/store.ts'
import { requireBearer } from '../tokens/bearer.ts'
import { writeUser } from './user-answer.ts'

/** The paths that real clients call. */
export const usersMePaths = ['/users/me', '/v1/users/me', '/api/v1/users/me']

/** Those, and the same below the base path of an origin that has one. */
export function pathsBelow(origin: string): string[] {
  const basePath = basePathOf(origin)
  return basePath === '' ? usersMePaths : [...usersMePaths, ...usersMePaths.map(path => basePath + path)]
}

export interface UsersMeAnswer {
  status: ContentfulStatusCode
  headers: Record<string, string>
  body: Body
}

/** A text for the wire, with what sending it takes. */
export class Body {
  readonly text: string
  /** In bytes of UTF-8. */
  readonly length: number

  constructor(text: string) {
    this.text = text
    this.length = Buffer.byteLength(text)
  }

  /** Whether each of its characters is one byte. */
  get isAscii(): boolean {
    return this.length === this.text.length
  }
}

class Rendered extends Body {
  readonly minute: number

  constructor(text: string, minute: number) {
    super(text)
    this.minute = minute
  }
}

export const OK_HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }

/** `GET /users/me`: whom the token speaks for, as they are at the token's company. */
export const usersMe: RouteHandler = async c => {
  const { status, headers, body } = await answerUsersMe(c.var.runtime, c.req.header('Authorization'))
  return c.body(body.text, status, headers)
}

/**
 * The same for whatever server it is in.
 * @param authorization the request's header
 */
export function answerUsersMe(runtime: Runtime, authorization: string | undefined): Soon<UsersMeAnswer> {
  try {
    const answer = soon(requireBearer(runtime, authorization, 'base'), bearer => ({
      status: 200 as const,
      headers: OK_HEADERS,
      body: render(bearer, runtime.clock()),
    }))
    return answer instanceof Promise ? answer.catch(refuse) : answer
  } catch (error) {
    return refuse(error)
  }
}

/** @throws what is no refusal */
function refuse(error: unknown): UsersMeAnswer {
  if (!(error instanceof ApiError)) throw error
  return {
    status: error.status,
    headers: { ...OK_HEADERS, ...error.headers },
    body: new Body(JSON.stringify(error.body())),
  }
}

const MINUTE = 60_000

/** The same record makes the same answer, but for the offset of its time zone: rendered once a minute, and kept with it. */
function render(bearer: BearerRecord, now: number): Body {
  const minute = Math.floor(now / MINUTE)
  const known = bearer.kept
  if (known instanceof Rendered && known.minute === minute) return known
  const body = new Rendered(`{"success":true,"data":${writeUser(bearer, now)}}`, minute)
  bearer.kept = body
  return body
}
