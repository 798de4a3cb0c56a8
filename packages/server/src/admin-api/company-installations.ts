import { z } from '@hono/zod-openapi'
import {
  ACCESSES,
  changeCompanyInstallation,
  companyInstallationFields,
  requireInstalledForCompany,
  setMemberAccess,
} from '../apps/company-installations.ts'
import { id } from '../companies/input.ts'
import { type MemberAccessRow, pageOfMemberAccess } from '../store/queries/member-access.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { formatTimeOrNull, json, momentText, nothing } from './answers.ts'
import { installationSchema, representInstallation } from './installations.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { idText, page, pageOf, pageQuery } from './paging.ts'

const tag = 'Installations'
const params = z.object({ company_id: idText, client_id: z.string().max(512) })
const path = '/companies/{company_id}/company-installations/{client_id}'

const accessSchema = z
  .object({
    company_id: id,
    client_id: z.string(),
    user_id: id,
    access: z.enum(ACCESSES).nullable().openapi({ description: 'What administrators have said of the member.' }),
    left_out_at: momentText.nullable().openapi({ description: 'When the member left the app out.' }),
    withheld_scopes: z.array(z.string()).openapi({ description: 'What the member took back.' }),
  })
  .openapi('MemberAccess')

function representAccess({ withheld, left_out_at, ...row }: MemberAccessRow): z.input<typeof accessSchema> {
  return { ...row, left_out_at: formatTimeOrNull(left_out_at), withheld_scopes: storedScopes(withheld ?? '') }
}

/** Apps that are installed for whole companies. */
export function addCompanyInstallationOperations(app: AdminApp) {
  const one = { description: 'The installation of the company.', schema: installationSchema }

  addOperation(app, {
    method: 'get',
    path,
    scope: 'installations:read',
    tag,
    summary: 'Read the installation of an app for a whole company',
    description: '`user_id` is the app user of the company: whom tokens of the app itself speak for.',
    params,
    answers: { 200: one },
    problems: [404],
    handle: async ({ runtime, params: key }) =>
      json(representInstallation(await requireInstalledForCompany(runtime, key))),
  })

  addOperation(app, {
    method: 'patch',
    path,
    scope: 'installations:write',
    tag,
    summary: 'Change what an app that is installed for a company may do there, and for which members',
    description:
      'Scopes that are left out are lost at the next request, by the company and by each member. `audience`: `all` members but those who are excluded, or only those who are `named`; the others lose their tokens.',
    params,
    body: z.strictObject(companyInstallationFields).partial().openapi('CompanyInstallationPatch'),
    answers: { 200: one },
    problems: [404],
    handle: async ({ runtime, params: key, body }) =>
      json(representInstallation(await changeCompanyInstallation(runtime, key, body))),
  })

  addOperation(app, {
    method: 'get',
    path: `${path}/members`,
    scope: 'installations:read',
    tag,
    summary: 'List what was said of members and an app, in the order of their ids',
    description: 'Members of whom nothing was said are left out.',
    params,
    query: pageQuery,
    answers: { 200: { description: 'A page of them.', schema: pageOf(accessSchema) } },
    problems: [404],
    async handle({ runtime, params: key, query }) {
      await requireInstalledForCompany(runtime, key)
      const of = { companyId: key.company_id, clientId: key.client_id }
      return json(
        await page(query, part => pageOfMemberAccess(runtime.store, { ...of, ...part }), {
          keyOf: row => row.user_id,
          represent: representAccess,
          schema: id,
        }),
      )
    },
  })

  addOperation(app, {
    method: 'put',
    path: `${path}/members/{user_id}`,
    scope: 'installations:write',
    tag,
    summary: 'Name a member whom an app may act for, or exclude one',
    description: 'The tokens of a member who is excluded end at once, and the app gets none for them there.',
    params: params.extend({ user_id: idText }),
    body: z.strictObject({ access: z.enum(ACCESSES) }).openapi('MemberAccessInput'),
    answers: {
      200: {
        description: 'What is said now.',
        schema: accessSchema.pick({ company_id: true, client_id: true, user_id: true, access: true }),
      },
    },
    problems: [404],
    handle: async ({ runtime, params: key, body }) =>
      json({ ...key, access: await setMemberAccess(runtime, key, body.access) }),
  })

  addOperation(app, {
    method: 'delete',
    path: `${path}/members/{user_id}`,
    scope: 'installations:write',
    tag,
    summary: 'Take back what was said of a member and an app',
    params: params.extend({ user_id: idText }),
    answers: { 204: { description: 'Taken back.' } },
    problems: [404],
    async handle({ runtime, params: key }) {
      await setMemberAccess(runtime, key, null)
      return nothing()
    },
  })
}
