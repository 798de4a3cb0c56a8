import { z } from '@hono/zod-openapi'
import { narrowInstallation, removeInstallation } from '../apps/installations.ts'
import { revokeTokens } from '../apps/revoke-tokens.ts'
import { id, NotFoundError } from '../companies/input.ts'
import { type InstallationRow, pageOfInstallations } from '../store/queries/installations.ts'
import { listCompanyIdsOfUser } from '../store/queries/memberships.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { parseToken } from '../tokens/token-text.ts'
import { formatTime, json, momentText, nothing } from './answers.ts'
import { onlyCompany } from './key-company.ts'
import { memberParams } from './members.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { idText, page, pageOf, pageQuery } from './paging.ts'
import { AdminProblem } from './problem.ts'

export const installationSchema = z
  .object({
    company_id: id,
    user_id: id,
    client_id: z.string(),
    scopes: z.array(z.string()),
    kind: z.enum(['user', 'company', 'member']).openapi({
      description:
        'Allowed by the user, for the whole company, or for a member whom the installation of the company serves.',
    }),
    installed_by: id.nullable().openapi({ description: 'Of a company: the administrator who installed it.' }),
    audience: z.enum(['all', 'named']).nullable().openapi({ description: 'Of a company: which members it serves.' }),
    created_at: momentText,
    updated_at: momentText,
  })
  .openapi('Installation')

export function representInstallation(row: InstallationRow): z.input<typeof installationSchema> {
  const { company_id, user_id, client_id, scopes, kind, installed_by, audience, created_at, updated_at } = row
  return {
    company_id,
    user_id,
    client_id,
    scopes: storedScopes(scopes),
    kind,
    installed_by,
    audience,
    created_at: formatTime(created_at),
    updated_at: formatTime(updated_at),
  }
}

const keySchema = z.object({ company_id: id, user_id: id, client_id: z.string() })

export function addInstallationOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path: '/installations',
    scope: 'installations:read',
    tag: 'Installations',
    summary: 'List installations: an app allowed by a user at a company',
    query: pageQuery.extend({
      company_id: idText.optional(),
      user_id: idText.optional(),
      client_id: z.string().max(64).optional(),
    }),
    answers: { 200: { description: 'A page of installations.', schema: pageOf(installationSchema) } },
    forCompanyKeys: true,
    async handle({ runtime, query: { user_id, client_id, ...query } }, c) {
      const companyId = onlyCompany(c, query.company_id)
      const ofUser = user_id === undefined ? undefined : await listCompanyIdsOfUser(runtime.store, user_id)
      const companyIds = companyId === undefined ? ofUser : [companyId]
      const only = {
        ...(companyIds && { companyIds }),
        ...(user_id !== undefined && { userId: user_id }),
        ...(client_id !== undefined && { clientId: client_id }),
      }
      return json(
        await page(query, part => pageOfInstallations(runtime.store, { ...only, ...part }), {
          keyOf: row => ({ company_id: row.company_id, user_id: row.user_id, client_id: row.client_id }),
          represent: representInstallation,
          schema: keySchema,
        }),
      )
    },
  })

  addOperation(app, {
    method: 'delete',
    path: '/companies/{company_id}/members/{user_id}/installations/{client_id}',
    scope: 'installations:write',
    tag: 'Installations',
    summary: 'End an installation with its tokens; the app gets an uninstall callback',
    params: memberParams.extend({ client_id: z.string().max(64) }),
    answers: { 204: { description: 'Ended.' } },
    problems: [404],
    async handle({ runtime, params: key }) {
      if (await removeInstallation(runtime, key)) return nothing()
      throw new NotFoundError(`${key.client_id} is not installed by user ${key.user_id} at company ${key.company_id}.`)
    },
  })

  addOperation(app, {
    method: 'patch',
    path: '/companies/{company_id}/members/{user_id}/installations/{client_id}',
    scope: 'installations:write',
    tag: 'Installations',
    summary: 'Take scopes back from an app that was allowed more',
    description:
      'Tokens that are out already lose them from the next request on. The app can ask the user for them again.',
    params: memberParams.extend({ client_id: z.string().max(512) }),
    body: z
      .strictObject({ scopes: z.array(z.string().max(128)).max(200).openapi({ description: 'Those that it keeps.' }) })
      .openapi('InstallationPatch'),
    answers: { 200: { description: 'The installation.', schema: installationSchema } },
    problems: [404],
    handle: async ({ runtime, params: key, body: { scopes } }) =>
      json(representInstallation(await narrowInstallation(runtime, key, scopes))),
  })

  addOperation(app, {
    method: 'post',
    path: '/tokens/revoke',
    scope: 'tokens:write',
    tag: 'Tokens',
    summary: 'Revoke a token: an access token only itself, a refresh token its installation',
    body: z.strictObject({ token: z.string().max(1000) }).openapi('TokenInput'),
    answers: {
      200: {
        description: '`revoked` is false for a token that is unknown, has expired or was revoked before.',
        schema: z.object({ revoked: z.boolean() }),
      },
    },
    forCompanyKeys: true,
    async handle({ runtime, body: { token } }, c) {
      const companyId = parseToken(token)?.companyId
      if (companyId === undefined) {
        const message = 'is not a token of this provider'
        throw new AdminProblem(400, 'invalid_request', `token ${message}.`, { errors: [{ path: 'token', message }] })
      }
      onlyCompany(c, companyId)
      return json({ revoked: (await revokeTokens(runtime, { token })) > 0 })
    },
  })
}
