import type { RequestContext } from '../http/environment.ts'
import { countRequest } from '../rate-limits/limit-requests.ts'
import type { BearerRecord } from '../store/bearer-record.ts'
import { requireBearer } from './bearer.ts'
import { isBoundRequest, requireBound } from './bound.ts'

/**
 * What the access token of a request speaks for; the request counts against the limits of its app and its company.
 * @throws {ApiError} as {@link requireBearer} does
 * @throws {TooManyRequests}
 */
export async function requireCountedBearer(
  c: RequestContext,
  group: 'api' | 'me',
  scope: string,
): Promise<BearerRecord> {
  const authorization = c.req.header('Authorization')
  const bearer = isBoundRequest(authorization)
    ? await requireBound(c, scope)
    : await requireBearer(c.var.runtime, authorization, scope)
  const { clientId, companyId } = bearer
  countRequest(c, [
    { group, by: 'app', id: clientId, clientId },
    { group, by: 'company', id: String(companyId) },
  ])
  return bearer
}
