import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { ApiError } from '../http/errors.ts'
import { queryParameter } from '../http/form.ts'
import type { BearerRecord } from '../store/bearer-record.ts'
import { type ColleagueRow, findColleague, listColleagues } from '../store/queries/colleagues.ts'
import { requireCountedBearer } from '../tokens/counted-bearer.ts'
import { writeColleague } from '../users-me/user-json.ts'
import { OK_HEADERS } from '../users-me/users-me.ts'

/** Where the paths of the users API begin, as for `GET /users/me`. */
export const usersApiPrefixes = ['', '/v1', '/api/v1']

const SCOPE = 'users:read'
/** People of a page, unless the request says fewer. */
const PAGE = 500
/** Rows that a page may leave out before it: the database reads them all the same. */
const MAX_START = 10_000
const MAX_TERM = 200

/** `GET /users`: the people of the token's company, in the order of their ids. */
export const listUsersOfCompany: RouteHandler = async c => {
  const bearer = await requireCountedBearer(c, 'api', SCOPE)
  const limit = readNumber(c, 'limit', PAGE, { from: 1, to: PAGE })
  const start = readNumber(c, 'start', 0, { from: 0, to: MAX_START })
  const after = readNumber(c, 'cursor', 0, { from: 0, to: Number.MAX_SAFE_INTEGER })
  if (start > 0 && after > 0) throw new ApiError(400, 'Give start or cursor, not both.')
  const { companyId, userId: askedBy } = bearer
  const rows = await listColleagues(c.var.runtime.store, { companyId, askedBy, after, offset: start, limit: limit + 1 })
  const page = rows.slice(0, limit)
  const hasMore = rows.length > limit
  const pagination = {
    start,
    limit,
    more_items_in_collection: hasMore,
    ...(hasMore && start + limit <= MAX_START && after === 0 && { next_start: start + limit }),
  }
  return respondWithUsers(c, bearer, page, {
    pagination,
    next_cursor: hasMore ? String(page.at(-1)!.userId) : null,
  })
}

/** `GET /users/{id}`: one of them; 404 for everyone else, so that an app learns nothing of other companies. */
export const getUserOfCompany: RouteHandler = async c => {
  const { runtime } = c.var
  const bearer = await requireCountedBearer(c, 'api', SCOPE)
  const userId = readId(c.req.param('id') ?? '')
  const member =
    userId === undefined ? undefined : await findColleague(runtime.store, bearer.companyId, userId, bearer.userId)
  if (!member) throw new ApiError(404, 'The company of the access token has no such user.')
  return c.body(`{"success":true,"data":${writeColleague(member, bearer, runtime.clock())}}`, 200, OK_HEADERS)
}

/** `GET /users/find`: those whose name holds a term, or whose e-mail does. */
export const findUsersOfCompany: RouteHandler = async c => {
  const bearer = await requireCountedBearer(c, 'api', SCOPE)
  const text = queryParameter(c, 'term')?.trim() ?? ''
  if (text.includes('\0')) throw new ApiError(400, 'term must not hold the character NUL.')
  if (text === '') throw new ApiError(400, 'Say what to search for: term is missing.')
  if (text.length > MAX_TERM) throw new ApiError(400, `term must be at most ${MAX_TERM} characters.`)
  const byEmail = readNumber(c, 'search_by_email', 0, { from: 0, to: 1 }) === 1
  const search = { in: byEmail ? ('email' as const) : ('name' as const), text }
  const { companyId, userId: askedBy } = bearer
  const rows = await listColleagues(c.var.runtime.store, { companyId, askedBy, search, limit: PAGE })
  return respondWithUsers(c, bearer, rows, null)
}

function respondWithUsers(c: RequestContext, bearer: BearerRecord, rows: readonly ColleagueRow[], more: unknown) {
  const now = c.var.runtime.clock()
  const data = rows.map(row => writeColleague(row, bearer, now)).join()
  return c.body(`{"success":true,"data":[${data}],"additional_data":${JSON.stringify(more)}}`, 200, OK_HEADERS)
}

/** @throws {ApiError} 400 for anything but an integer between the limits */
function readNumber(c: RequestContext, name: string, missing: number, { from, to }: { from: number; to: number }) {
  const text = queryParameter(c, name)
  if (text === undefined) return missing
  const number = Number(text)
  if (/^\d{1,16}$/.test(text) && number >= from && number <= to) return number
  throw new ApiError(
    400,
    `${name} must be an integer from ${from} to ${to}.${name === 'start' ? ' Beyond that, use cursor.' : ''}`,
  )
}

function readId(text: string): number | undefined {
  const id = Number(text)
  return /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(id) ? id : undefined
}
