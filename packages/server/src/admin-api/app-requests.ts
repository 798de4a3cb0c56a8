import { z } from '@hono/zod-openapi'
import { decideAppRequest, MAX_REASON } from '../apps/app-requests.ts'
import { requireCompany } from '../companies/companies.ts'
import { id } from '../companies/input.ts'
import { type AppRequestRow, pageOfAppRequests } from '../store/queries/app-policies.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { formatTime, formatTimeOrNull, json, momentText } from './answers.ts'
import { companyParams } from './companies.ts'
import { memberParams } from './members.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { page, pageOf, pageQuery } from './paging.ts'

const tag = 'App policies'

const requestSchema = z
  .object({
    company_id: id,
    client_id: z.string(),
    user_id: id,
    scopes: z.array(z.string()),
    reason: z.string().max(MAX_REASON),
    requested_at: momentText,
    decision: z.enum(['allowed', 'refused']).nullable(),
    decided_at: momentText.nullable(),
    decided_by: z.string().nullable(),
  })
  .openapi('AppRequest')

function representRequest(row: AppRequestRow): z.input<typeof requestSchema> {
  return {
    ...row,
    scopes: storedScopes(row.scopes),
    requested_at: formatTime(row.requested_at),
    decided_at: formatTimeOrNull(row.decided_at),
  }
}

export function addAppRequestOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path: '/companies/{company_id}/app-requests',
    scope: 'companies:read',
    tag,
    summary: 'List what members of a company have asked to be let to allow',
    params: companyParams,
    query: pageQuery.extend({ state: z.enum(['open', 'decided']).optional() }),
    answers: { 200: { description: 'A page of requests.', schema: pageOf(requestSchema) } },
    problems: [404],
    async handle({ runtime: { store }, params: { company_id: companyId }, query: { state, ...query } }) {
      await requireCompany(store, companyId)
      const only = { companyId, ...(state && { open: state === 'open' }) }
      return json(
        await page(query, part => pageOfAppRequests(store, { ...only, ...part }), {
          keyOf: row => ({ client_id: row.client_id, user_id: row.user_id }),
          represent: representRequest,
          schema: z.object({ client_id: z.string(), user_id: id }),
        }),
      )
    },
  })

  addOperation(app, {
    method: 'put',
    path: '/companies/{company_id}/members/{user_id}/app-requests/{client_id}',
    scope: 'companies:write',
    tag,
    summary: 'Allow or refuse what a member has asked for, for them or for everyone',
    params: memberParams.extend({ client_id: z.string().max(512) }),
    body: z
      .strictObject({ decision: z.enum(['allowed', 'refused']), for_all: z.boolean().optional() })
      .openapi('AppRequestDecision'),
    answers: { 200: { description: 'The request.', schema: requestSchema } },
    problems: [404],
    async handle({ runtime, params: key, body: { decision, for_all } }) {
      return json(representRequest(await decideAppRequest(runtime, key, { decision, forAll: for_all })))
    },
  })
}
