import { z } from '@hono/zod-openapi'
import {
  type CompanyPolicy,
  companyPolicyFields,
  DECISIONS,
  DEFAULT_POLICIES,
  DEVELOPERS,
  removeAppAt,
  setAppPolicy,
  setCompanyPolicy,
  toCompanyPolicy,
} from '../apps/app-policies.ts'
import { requireCompany } from '../companies/companies.ts'
import { id } from '../companies/input.ts'
import {
  type AppPolicyRow,
  countInstallations,
  findAppPolicy,
  pageOfAppPolicies,
} from '../store/queries/app-policies.ts'
import { formatTimeOrNull, json, jsonRow, momentText, nothing } from './answers.ts'
import { addAppRequestOperations } from './app-requests.ts'
import { requireApp } from './apps.ts'
import { companyParams } from './companies.ts'
import { toCamelNames } from './names.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { page, pageOf, pageQuery } from './paging.ts'

const tag = 'App policies'
const clientId = z.string().max(512)
const appAtCompany = companyParams.extend({ client_id: clientId })

const companyPolicySchema = z
  .object({
    default: z.enum(DEFAULT_POLICIES),
    blocked_scopes: z.array(z.string()),
    blocked_hosts: z.array(z.string()),
    developers: z.enum(DEVELOPERS).openapi({
      description: 'Who may register apps for the company, where the platform lets companies develop apps.',
    }),
  })
  .openapi('CompanyPolicy')
const companyPolicyBody = z
  .strictObject({
    default: companyPolicyFields.default,
    blocked_scopes: companyPolicyFields.blockedScopes,
    blocked_hosts: companyPolicyFields.blockedHosts,
    developers: companyPolicyFields.developers,
  })
  .partial()
  .openapi('CompanyPolicyInput')

const policySchema = z
  .object({
    company_id: id,
    client_id: z.string(),
    decision: z.enum(DECISIONS).nullable().openapi({ description: 'Null where the default of the company holds.' }),
    decided_at: momentText.nullable(),
    decided_by: z.string().nullable().openapi({ description: 'The kind and the id of the actor.' }),
  })
  .openapi('AppPolicy')
const reachedSchema = policySchema.extend({
  people: z.int().openapi({ description: 'How many have allowed the app at this company: blocking it touches them.' }),
})

function representCompanyPolicy(policy: CompanyPolicy): z.input<typeof companyPolicySchema> {
  const { default: rule, blockedScopes, blockedHosts, developers } = policy
  return { default: rule, blocked_scopes: blockedScopes, blocked_hosts: blockedHosts, developers }
}

type Key = Pick<AppPolicyRow, 'company_id' | 'client_id'>

function representPolicy({ company_id, client_id }: Key, row: AppPolicyRow | undefined): z.input<typeof policySchema> {
  return {
    company_id,
    client_id,
    decision: row?.decision ?? null,
    decided_at: formatTimeOrNull(row?.decided_at ?? null),
    decided_by: row?.decided_by ?? null,
  }
}

export function addAppPolicyOperations(app: AdminApp) {
  addCompanyPolicyOperations(app)
  addDecisionOperations(app)
  addAppRequestOperations(app)
}

function addCompanyPolicyOperations(app: AdminApp) {
  const path = '/companies/{company_id}/app-policy'
  const one = { description: 'What holds for apps that have no decision of their own.', schema: companyPolicySchema }

  addOperation(app, {
    method: 'get',
    path,
    scope: 'companies:read',
    tag,
    summary: 'Read which apps the members of a company may allow',
    params: companyParams,
    answers: { 200: one },
    problems: [404],
    handle: async ({ runtime, params: { company_id } }) =>
      jsonRow(representCompanyPolicy(toCompanyPolicy(await requireCompany(runtime.store, company_id)))),
  })

  addOperation(app, {
    method: 'patch',
    path,
    scope: 'companies:write',
    tag,
    summary: 'Change which apps the members of a company may allow',
    description:
      'The default holds for what is allowed from now on: `allow` all apps; `verified`: others must be asked for; `listed`: only those that were decided to be allowed; `ask`: each must be asked for. A scope that is blocked is refused for tokens that are out already, from the next request on.',
    params: companyParams,
    body: companyPolicyBody,
    answers: { 200: one },
    problems: [404],
    handle: async ({ runtime, params: { company_id }, body }) =>
      jsonRow(representCompanyPolicy(await setCompanyPolicy(runtime, company_id, toCamelNames(body)))),
  })
}

function addDecisionOperations(app: AdminApp) {
  const path = '/companies/{company_id}/app-policies/{client_id}'
  const answer = { description: 'The decision, and whom it touches.', schema: reachedSchema }

  addOperation(app, {
    method: 'get',
    path: '/companies/{company_id}/app-policies',
    scope: 'companies:read',
    tag,
    summary: 'List the decisions of a company on apps, in the order of their client ids',
    params: companyParams,
    query: pageQuery,
    answers: { 200: { description: 'A page of decisions.', schema: pageOf(policySchema) } },
    problems: [404],
    async handle({ runtime: { store }, params: { company_id: companyId }, query }) {
      await requireCompany(store, companyId)
      return json(
        await page(query, part => pageOfAppPolicies(store, { companyId, ...part }), {
          keyOf: row => row.client_id,
          represent: row => representPolicy(row, row),
          schema: z.string(),
        }),
      )
    },
  })

  addOperation(app, {
    method: 'get',
    path,
    scope: 'companies:read',
    tag,
    summary: 'Read the decision of a company on an app, and how many people use it there',
    params: appAtCompany,
    answers: { 200: answer },
    problems: [404],
    async handle({ runtime, params: key }) {
      await requireCompany(runtime.store, key.company_id)
      await requireApp(runtime, key.client_id)
      const row = await findAppPolicy(runtime.store, key)
      return json({ ...representPolicy(key, row), people: await countInstallations(runtime.store, key) })
    },
  })

  addOperation(app, {
    method: 'put',
    path,
    scope: 'companies:write',
    tag,
    summary: 'Allow or block an app at a company, or have its members ask first',
    description:
      'The tokens of an app that is blocked are refused from the next request on; its installations stay, and their tokens are good again when it is not blocked any more.',
    params: appAtCompany,
    body: z.strictObject({ decision: z.enum(DECISIONS) }).openapi('AppPolicyInput'),
    answers: { 200: answer },
    problems: [404],
    async handle({ runtime, params: key, body: { decision } }) {
      const names = { companyId: key.company_id, clientId: key.client_id }
      const row = await setAppPolicy(runtime, names, decision)
      return json({ ...representPolicy(key, row), people: await countInstallations(runtime.store, key) })
    },
  })

  addOperation(app, {
    method: 'delete',
    path,
    scope: 'companies:write',
    tag,
    summary: 'Take a decision on an app back: the default of the company holds',
    params: appAtCompany,
    answers: { 204: { description: 'The default holds.' } },
    problems: [404],
    async handle({ runtime, params: { company_id: companyId, client_id } }) {
      await setAppPolicy(runtime, { companyId, clientId: client_id }, null)
      return nothing()
    },
  })

  addOperation(app, {
    method: 'delete',
    path: '/companies/{company_id}/installations/{client_id}',
    scope: 'installations:write',
    tag: 'Installations',
    summary: 'End all installations of an app at a company; the app gets uninstall callbacks',
    params: appAtCompany,
    answers: {
      200: {
        description: 'Ended.',
        schema: z.object({ company_id: id, client_id: z.string(), installations: z.int() }),
      },
    },
    problems: [404],
    async handle({ runtime, params: { company_id, client_id } }) {
      const installations = await removeAppAt(runtime, { companyId: company_id, clientId: client_id })
      return json({ company_id, client_id, installations })
    },
  })
}
