import { randomBytes } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { appFields, newAppFields } from '../apps/app-input.ts'
import { type App, changeApp, createApp, deleteApp, findRegisteredApp, toApp } from '../apps/apps.ts'
import { findLookAlikes } from '../apps/look-alikes.ts'
import { NotFoundError, TakenError } from '../companies/input.ts'
import { appRateLimitsSchema } from '../config/rate-limits.ts'
import type { Runtime } from '../config/runtime.ts'
import { pageOfApps } from '../store/queries/apps.ts'
import { newClientSecret } from '../tokens/token-text.ts'
import { formatTime, formatTimeOrNull, json, jsonRow, momentText } from './answers.ts'
import { preconditionOf } from './etag.ts'
import { idempotently } from './idempotency.ts'
import { toCamelNames } from './names.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { page, pageOf, pageQuery } from './paging.ts'

const tag = 'Apps'
const path = '/apps/{client_id}'
export const appParams = z.object({ client_id: z.string().max(64) })

const {
  redirectUris,
  requirePkce,
  uninstallUrl,
  allowSchemes,
  homeUrl,
  privacyUrl,
  termsUrl,
  rateLimits,
  idTokenAlgorithm,
  postLogoutRedirectUris,
  backchannelLogoutUrl,
  icon: _,
  ...sameNames
} = appFields
const changeable = {
  ...sameNames,
  redirect_uris: redirectUris,
  require_pkce: requirePkce,
  uninstall_url: uninstallUrl,
  home_url: homeUrl,
  privacy_url: privacyUrl,
  terms_url: termsUrl,
  rate_limits: rateLimits,
  allow_schemes: allowSchemes,
  id_token_algorithm: idTokenAlgorithm,
  post_logout_redirect_uris: postLogoutRedirectUris,
  backchannel_logout_url: backchannelLogoutUrl,
  disabled: z.boolean(),
  verified: z.boolean(),
}
const appPatch = z.strictObject(changeable).partial().openapi('AppPatch')
const appBody = z
  .strictObject({
    ...changeable,
    scopes: changeable.scopes.optional(),
    profile: changeable.profile.optional(),
    require_pkce: changeable.require_pkce.optional(),
    id_token_algorithm: changeable.id_token_algorithm.optional(),
    post_logout_redirect_uris: changeable.post_logout_redirect_uris.optional(),
    disabled: changeable.disabled.optional(),
    verified: changeable.verified.optional(),
    client_id: newAppFields.clientId,
    client_secret: newAppFields.clientSecret,
    public: z.boolean().optional(),
    jwks: newAppFields.jwks,
  })
  .openapi('AppInput')

const shown = {
  client_id: z.string(),
  name: z.string(),
  maker: z.string().nullable(),
  redirect_uris: z.array(z.string()),
  scopes: z.array(z.string()),
  profile: z.enum(['standard', 'pipedrive']),
  public: z.boolean(),
  require_pkce: z.boolean(),
  uninstall_url: z.string().nullable(),
  home_url: z.string().nullable(),
  privacy_url: z.string().nullable(),
  terms_url: z.string().nullable(),
  verified: z.boolean(),
  verified_at: momentText.nullable(),
  verified_by: z.string().nullable().openapi({ description: 'Who said so: the kind and the id of the actor.' }),
  rate_limits: appRateLimitsSchema.nullable(),
  id_token_algorithm: idTokenAlgorithm,
  post_logout_redirect_uris: z.array(z.string()),
  backchannel_logout_url: z.string().nullable(),
  has_icon: z.boolean(),
  disabled: z.boolean(),
  created_at: momentText,
}
const appSchema = z.object(shown).openapi('App')
const secretText = z
  .string()
  .nullable()
  .openapi({ description: 'Shown only here; null for a public app and for one with keys.' })
const createdSchema = z.object({ ...shown, client_secret: secretText }).openapi('CreatedApp')

function representApp(app: App): z.input<typeof appSchema> {
  return {
    client_id: app.clientId,
    name: app.name,
    maker: app.maker,
    redirect_uris: app.redirectUris,
    scopes: app.scopes,
    profile: app.profile,
    public: app.isPublic,
    require_pkce: app.requirePkce,
    uninstall_url: app.uninstallUrl,
    home_url: app.homeUrl,
    privacy_url: app.privacyUrl,
    terms_url: app.termsUrl,
    verified: app.verifiedAt !== null,
    verified_at: formatTimeOrNull(app.verifiedAt),
    verified_by: app.verifiedBy,
    rate_limits: app.rateLimits,
    id_token_algorithm: app.idTokenAlgorithm,
    post_logout_redirect_uris: app.postLogoutRedirectUris,
    backchannel_logout_url: app.backchannelLogoutUrl,
    has_icon: app.hasIcon,
    disabled: app.disabledAt !== null,
    created_at: formatTime(app.createdAt),
  }
}

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
      const { public: isPublic = false, disabled, verified, jwks, ...rest } = body
      const hasSecret = !isPublic && !jwks
      const planners = {
        clientId: () => body.client_id ?? randomBytes(8).toString('hex'),
        clientSecret: () => (hasSecret ? (body.client_secret ?? newClientSecret()) : null),
      }
      return idempotently(c, planners, async ({ clientId, clientSecret }, isRepeated) => {
        const input = { ...toCamelNames(rest), clientId, isPublic, ...(jwks && { jwks }) }
        try {
          await createApp(runtime, clientSecret === null ? input : { ...input, clientSecret })
        } catch (error) {
          if (!(isRepeated && error instanceof TakenError)) throw error
        }
        const later = { ...(disabled && { disabled }), ...(verified && { verified }) }
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
