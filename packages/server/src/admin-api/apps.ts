import { randomBytes } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { type App, changeApp, createApp, findRegisteredApp, toApp } from '../apps/apps.ts'
import { deleteApp } from '../apps/delete-app.ts'
import { findLookAlikes } from '../apps/look-alikes.ts'
import { NotFoundError, TakenError } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import { pageOfApps } from '../store/queries/apps.ts'
import { newClientSecret } from '../tokens/token-text.ts'
import { json, jsonRow } from './answers.ts'
import { appBody, appPatch, appSchema, createdSchema, representApp } from './app-schema.ts'
import { preconditionOf } from './etag.ts'
import { idempotently } from './idempotency.ts'
import { toCamelNames } from './names.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { page, pageOf, pageQuery } from './paging.ts'

const tag = 'Apps'
const path = '/apps/{client_id}'
export const appParams = z.object({ client_id: z.string().max(512) })

const one = { description: 'The app.', schema: appSchema }

/** @throws {NotFoundError} */
export async function requireApp(runtime: Runtime, clientId: string): Promise<App> {
  const app = await findRegisteredApp(runtime, clientId)
  if (!app) throw new NotFoundError(`There is no app ${clientId}.`)
  return app
}

export function addAppOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path: '/apps',
    scope: 'apps:read',
    tag,
    summary: 'List apps, in the order of their client ids',
    query: pageQuery,
    answers: { 200: { description: 'A page of apps.', schema: pageOf(appSchema) } },
    handle: async ({ runtime, query }) =>
      json(
        await page(query, part => pageOfApps(runtime.store, part), {
          keyOf: row => row.client_id,
          represent: row => representApp(toApp(row)),
          schema: z.string(),
        }),
      ),
  })

  addOperation(app, {
    method: 'post',
    path: '/apps',
    scope: 'apps:write',
    tag,
    summary: 'Register an app',
    body: appBody,
    headers: ['Idempotency-Key'],
    answers: { 201: { description: 'The app, with its client secret.', schema: createdSchema } },
    problems: [409],
    handle({ runtime, body }, c) {
      const { public: isPublic = false, disabled, verified, published, ...rest } = body
      const hasSecret = !isPublic && !body.jwks && !body.jwks_uri
      const planners = {
        clientId: () => body.client_id ?? randomBytes(8).toString('hex'),
        clientSecret: () => (hasSecret ? (body.client_secret ?? newClientSecret()) : null),
      }
      return idempotently(c, planners, async ({ clientId, clientSecret }, isRepeated) => {
        const input = { ...toCamelNames(rest), clientId, isPublic }
        try {
          await createApp(runtime, clientSecret === null ? input : { ...input, clientSecret })
        } catch (error) {
          if (!(isRepeated && error instanceof TakenError)) throw error
        }
        const later = { ...(disabled && { disabled }), ...(verified && { verified }), ...(published && { published }) }
        const isMore = Object.keys(later).length > 0
        const made = isMore ? await changeApp(runtime, clientId, later) : await requireApp(runtime, clientId)
        const representation = { ...representApp(made), client_secret: clientSecret }
        return { status: 201, body: representation, location: `/apps/${clientId}` }
      })
    },
  })

  addOperation(app, {
    method: 'get',
    path,
    scope: 'apps:read',
    tag,
    summary: 'Read an app',
    params: appParams,
    answers: { 200: one },
    problems: [404],
    handle: async ({ runtime, params: { client_id } }) => jsonRow(representApp(await requireApp(runtime, client_id))),
  })

  addOperation(app, {
    method: 'patch',
    path,
    scope: 'apps:write',
    tag,
    summary: 'Change an app',
    description:
      'A scope that is taken away is refused for existing tokens, and so is every token of an app that is disabled, from the next request on.',
    params: appParams,
    body: appPatch,
    headers: ['If-Match'],
    answers: { 200: one },
    problems: [404, 412],
    handle: async ({ runtime, params: { client_id }, body }, c) =>
      jsonRow(representApp(await changeApp(runtime, client_id, toCamelNames(body), preconditionOf(c, representApp)))),
  })

  addOperation(app, {
    method: 'delete',
    path,
    scope: 'apps:write',
    tag,
    summary: 'Delete an app, with its installations and tokens',
    params: appParams,
    answers: {
      200: {
        description: 'Deleted.',
        schema: z.object({ client_id: z.string(), deleted: z.literal(true), installations: z.int() }),
      },
    },
    problems: [404],
    async handle({ runtime, params: { client_id } }) {
      return json({ client_id, deleted: true, installations: await deleteApp(runtime, client_id) })
    },
  })

  addOperation(app, {
    method: 'get',
    path: `${path}/look-alikes`,
    scope: 'apps:read',
    tag,
    summary: 'List apps whose names look like this one’s',
    description:
      'By Unicode Technical Standard 39: letters of other scripts, digits for letters, case and spaces do not count. People who are to allow an app that is not verified are warned of them.',
    params: appParams,
    answers: {
      200: {
        description: 'The other apps.',
        schema: z.object({ data: z.array(z.object({ client_id: z.string(), name: z.string() })) }),
      },
    },
    problems: [404],
    async handle({ runtime, params: { client_id } }) {
      return json({ data: await findLookAlikes(runtime, await requireApp(runtime, client_id), { fresh: true }) })
    },
  })
}
