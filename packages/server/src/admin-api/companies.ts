import { z } from '@hono/zod-openapi'
import { changeCompany, companyFields, deleteCompany, releaseDomain, requireCompany } from '../companies/companies.ts'
import { id, NotFoundError } from '../companies/input.ts'
import { putCompany } from '../companies/put.ts'
import {
  type CompanyRow,
  findCompanyByDomain,
  findDomainOwner,
  listCompanies,
  listDomains,
} from '../store/queries/companies.ts'
import { allocateId } from '../store/queries/ids.ts'
import { formatTime, json, jsonRow, momentText } from './answers.ts'
import { preconditionOf } from './etag.ts'
import { idempotently, ownAttempt } from './idempotency.ts'
import { toCamelNames } from './names.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { idText, page, pageOf, pageQuery } from './paging.ts'

const tag = 'Companies'
const path = '/companies/{company_id}'
export const companyParams = z.object({ company_id: idText })

export const companyBody = z
  .strictObject({ ...companyFields, suspended: z.boolean().optional() })
  .openapi('CompanyInput')
const companyPatch = companyBody.partial().openapi('CompanyPatch')

const companySchema = z
  .object({
    company_id: id,
    name: z.string(),
    domain: z.string(),
    country: z.string().nullable(),
    industry: z.string().nullable(),
    suspended: z.boolean(),
    created_at: momentText,
  })
  .openapi('Company')

export function representCompany(row: CompanyRow): z.input<typeof companySchema> {
  const { company_id, name, domain, country, industry, suspended_at, created_at } = row
  return {
    company_id,
    name,
    domain,
    country,
    industry,
    suspended: suspended_at !== null,
    created_at: formatTime(created_at),
  }
}

const one = { description: 'The company.', schema: companySchema }
const query = pageQuery.extend({
  search: z.string().max(200).optional().openapi({ description: 'A part of the name or the domain.' }),
  domain: z.string().max(63).optional(),
})

export function addCompanyOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path: '/companies',
    scope: 'companies:read',
    tag,
    summary: 'List companies, in the order of their ids',
    query,
    answers: { 200: { description: 'A page of companies.', schema: pageOf(companySchema) } },
    async handle({ runtime, query: { search, domain, ...paging } }) {
      if (domain !== undefined) {
        const company = await findCompanyByDomain(runtime.store, domain.toLowerCase())
        return json({ data: company ? [representCompany(company)] : [], next_cursor: null })
      }
      const only = search === undefined ? {} : { search }
      return json(
        await page(paging, part => listCompanies(runtime.store, { ...only, ...part }), {
          keyOf: row => row.company_id,
          represent: representCompany,
          schema: id,
        }),
      )
    },
  })

  addOperation(app, {
    method: 'post',
    path: '/companies',
    scope: 'companies:write',
    tag,
    summary: 'Create a company with a new id',
    body: companyBody,
    headers: ['Idempotency-Key'],
    answers: { 201: one },
    problems: [409],
    handle: ({ runtime, body }, c) =>
      idempotently(c, { companyId: () => allocateId(runtime.store, 'company') }, async ({ companyId }, isRepeated) => {
        const { row } = await putCompany(runtime, companyId, body, ownAttempt(isRepeated))
        return { status: 201, body: representCompany(row), location: `/companies/${companyId}` }
      }),
  })

  addOperation(app, {
    method: 'get',
    path,
    scope: 'companies:read',
    tag,
    summary: 'Read a company',
    params: companyParams,
    answers: { 200: one },
    problems: [404],
    handle: async ({ runtime, params }) =>
      jsonRow(representCompany(await requireCompany(runtime.store, params.company_id))),
  })

  addOperation(app, {
    method: 'put',
    path,
    scope: 'companies:write',
    tag,
    summary: 'Create or replace a company with an id of your own',
    params: companyParams,
    body: companyBody,
    headers: ['If-Match', 'If-None-Match'],
    answers: { 200: { ...one, description: 'Replaced, or unchanged.' }, 201: { ...one, description: 'Created.' } },
    problems: [409, 412],
    async handle({ runtime, params, body }, c) {
      const precondition = preconditionOf(c, representCompany)
      const { row, outcome } = await putCompany(runtime, params.company_id, body, precondition)
      return jsonRow(representCompany(row), outcome === 'created' ? 201 : 200)
    },
  })

  addOperation(app, {
    method: 'patch',
    path,
    scope: 'companies:write',
    tag,
    summary: 'Change a company; a domain that it had stays reserved for it',
    params: companyParams,
    body: companyPatch,
    headers: ['If-Match'],
    answers: { 200: one },
    problems: [404, 409, 412],
    handle: async ({ runtime, params, body }, c) =>
      jsonRow(
        representCompany(
          await changeCompany(runtime, params.company_id, toCamelNames(body), preconditionOf(c, representCompany)),
        ),
      ),
  })

  addOperation(app, {
    method: 'delete',
    path,
    scope: 'companies:write',
    tag,
    summary: 'Delete a company',
    description:
      'Its memberships, installations and tokens end, and apps get uninstall callbacks. The id is never given again. A request that was cut off is finished by repeating it.',
    params: companyParams,
    answers: {
      200: {
        description: 'Deleted.',
        schema: z.object({ company_id: id, deleted: z.literal(true), memberships: z.int() }),
      },
    },
    problems: [404],
    async handle({ runtime, params: { company_id } }) {
      return json({ company_id, deleted: true, memberships: await deleteCompany(runtime, company_id) })
    },
  })

  addDomainOperations(app)
}

function addDomainOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path: `${path}/domains`,
    scope: 'companies:read',
    tag,
    summary: 'List the domains that are reserved for a company',
    params: companyParams,
    answers: {
      200: {
        description: 'Its domain, and those that it had.',
        schema: z.object({ data: z.array(z.object({ domain: z.string(), current: z.boolean() })) }),
      },
    },
    problems: [404],
    async handle({ runtime: { store }, params: { company_id } }) {
      const { domain: current } = await requireCompany(store, company_id)
      const domains = await listDomains(store, company_id)
      return json({ data: domains.map(domain => ({ domain, current: domain === current })) })
    },
  })

  addOperation(app, {
    method: 'delete',
    path: `${path}/domains/{domain}`,
    scope: 'companies:write',
    tag,
    summary: 'Let another company have a domain that this one had before',
    params: companyParams.extend({ domain: z.string() }),
    answers: { 200: { description: 'Released.', schema: z.object({ domain: z.string(), released: z.literal(true) }) } },
    problems: [404],
    async handle({ runtime, params: { company_id, domain } }) {
      if ((await findDomainOwner(runtime.store, domain)) !== company_id) {
        throw new NotFoundError(`The domain ${domain} is not reserved for company ${company_id}.`)
      }
      await releaseDomain(runtime, domain)
      return json({ domain, released: true })
    },
  })
}
