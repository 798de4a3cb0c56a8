import { z } from '@hono/zod-openapi'
import type { ResourceServer } from '../resource-servers/resource-server.ts'
import {
  createResourceServer,
  deleteResourceServer,
  newResourceServer,
  pageOfResourceServers,
  requireResourceServer,
  resourceServerChange,
  rotateResourceServerSecret,
  setResourceServer,
} from '../resource-servers/resource-servers.ts'
import { formatTime, json, jsonRow, momentText, nothing } from './answers.ts'
import { keepOldSeconds } from './app-secrets.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { idText, page, pageOf, pageQuery } from './paging.ts'

const tag = 'Resource servers'
const path = '/resource-servers/{resource_server_id}'
const params = z.object({ resource_server_id: idText })

const { name, identifier, scopes, describesUsers, tokenFormat } = newResourceServer.shape
const body = z
  .strictObject({
    name,
    identifier,
    scopes: scopes.optional(),
    describe_users: describesUsers.optional(),
    token_format: tokenFormat.optional(),
  })
  .openapi('ResourceServerInput')
const change = resourceServerChange.shape
const patch = z
  .strictObject({
    name: change.name,
    identifier: change.identifier,
    scopes: change.scopes,
    describe_users: change.describesUsers,
    token_format: change.tokenFormat,
  })
  .openapi('ResourceServerPatch')

const shown = {
  resource_server_id: z.int(),
  client_id: z.string(),
  name: z.string(),
  identifier: z.string(),
  scopes: z.record(z.string(), z.record(z.string(), z.string())),
  describe_users: z.boolean(),
  token_format: z.enum(['opaque', 'jwt']),
  created_at: momentText,
}
const schema = z.object(shown).openapi('ResourceServer')
const secretText = z.string().openapi({ description: 'Shown only here.' })
const one = { description: 'The resource server.', schema }

function represent(server: ResourceServer): z.input<typeof schema> {
  return {
    resource_server_id: server.resourceServerId,
    client_id: server.clientId,
    name: server.name,
    identifier: server.identifier,
    scopes: server.scopes,
    describe_users: server.describesUsers,
    token_format: server.tokenFormat,
    created_at: formatTime(server.createdAt),
  }
}

/** As the library takes it. */
function toInput<Given extends { describe_users?: boolean | undefined; token_format?: 'opaque' | 'jwt' | undefined }>({
  describe_users,
  token_format,
  ...rest
}: Given) {
  return {
    ...rest,
    ...(describe_users !== undefined && { describesUsers: describe_users }),
    ...(token_format !== undefined && { tokenFormat: token_format }),
  }
}

export function addResourceServerOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path: '/resource-servers',
    scope: 'resource-servers:read',
    tag,
    summary: 'List resource servers, in the order of their ids',
    query: pageQuery,
    answers: { 200: { description: 'A page of resource servers.', schema: pageOf(schema) } },
    handle: async ({ runtime, query }) =>
      json(
        await page(query, part => pageOfResourceServers(runtime, part), {
          keyOf: server => server.resourceServerId,
          represent,
          schema: z.int(),
        }),
      ),
  })

  addOperation(app, {
    method: 'post',
    path: '/resource-servers',
    scope: 'resource-servers:write',
    tag,
    summary: 'Register an API that checks tokens',
    body,
    answers: {
      201: {
        description: 'The resource server, with its secret.',
        schema: z.object({ ...shown, client_secret: secretText }).openapi('CreatedResourceServer'),
      },
    },
    problems: [409],
    async handle({ runtime, body }) {
      const { resourceServer, clientSecret } = await createResourceServer(runtime, toInput(body))
      return json({ ...represent(resourceServer), client_secret: clientSecret }, 201)
    },
  })

  addOperation(app, {
    method: 'get',
    path,
    scope: 'resource-servers:read',
    tag,
    summary: 'Read a resource server',
    params,
    answers: { 200: one },
    problems: [404],
    handle: async ({ runtime, params: { resource_server_id } }) =>
      jsonRow(represent(await requireResourceServer(runtime, resource_server_id))),
  })

  addOperation(app, {
    method: 'patch',
    path,
    scope: 'resource-servers:write',
    tag,
    summary: 'Change a resource server',
    description: 'A scope that it no longer owns is refused for existing tokens from the next request on.',
    params,
    body: patch,
    answers: { 200: one },
    problems: [404, 409],
    handle: async ({ runtime, params: { resource_server_id }, body }) =>
      jsonRow(represent(await setResourceServer(runtime, resource_server_id, toInput(body)))),
  })

  addOperation(app, {
    method: 'delete',
    path,
    scope: 'resource-servers:write',
    tag,
    summary: 'Delete a resource server; tokens for it are good nowhere',
    params,
    answers: { 204: { description: 'Deleted.' } },
    problems: [404],
    async handle({ runtime, params: { resource_server_id } }) {
      await deleteResourceServer(runtime, resource_server_id)
      return nothing()
    },
  })

  addOperation(app, {
    method: 'post',
    path: `${path}/secrets`,
    scope: 'resource-servers:write',
    tag,
    summary: 'Give a resource server a new secret',
    params,
    body: z.strictObject({ keep_old_seconds: keepOldSeconds }).openapi('ResourceServerSecretInput'),
    answers: {
      201: {
        description: 'The new secret.',
        schema: z.object({ resource_server_id: z.int(), client_secret: secretText }),
      },
    },
    problems: [404],
    async handle({ runtime, params: { resource_server_id }, body }) {
      const keepOld = (body.keep_old_seconds ?? 0) * 1000
      const client_secret = await rotateResourceServerSecret(runtime, resource_server_id, { keepOld })
      return json({ resource_server_id, client_secret }, 201)
    },
  })
}
