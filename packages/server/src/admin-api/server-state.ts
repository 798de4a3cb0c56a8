import { z } from '@hono/zod-openapi'
import { ID_TOKEN_ALGORITHMS } from '../config/id-token-algorithms.ts'
import { toJsonName } from '../config/json-name.ts'
import { describeMasterKeys } from '../config/key-facts.ts'
import { settingChangesSchema } from '../config/live-settings.ts'
import type { Runtime } from '../config/runtime.ts'
import { rotateKeys } from '../openid/rotate-keys.ts'
import { listSigningKeyFacts } from '../openid/signing-keys.ts'
import { changeSettings } from '../settings/change-settings.ts'
import { listMasterKeys } from '../store/queries/master-keys.ts'
import { WriteConflict } from '../store/store.ts'
import { formatTime, json, jsonRow, momentText } from './answers.ts'
import { preconditionOf } from './etag.ts'
import { toCamelNames } from './names.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { AdminProblem } from './problem.ts'

const keySchema = z
  .object({ key_id: z.int(), state: z.string(), created_at: momentText, active_at: momentText })
  .openapi('Key')

const signingKeySchema = z
  .object({ key_id: z.string(), algorithm: z.enum(ID_TOKEN_ALGORITHMS), active_at: momentText })
  .openapi('NewSigningKey')

const shownSigningKeySchema = signingKeySchema
  .extend({ state: z.string(), created_at: momentText })
  .openapi('SigningKey', { description: 'A key that signs ID tokens and logout tokens.' })

const settingsSchema = z
  .object({
    origin: z.string(),
    api_domain: z.string().nullable(),
    access_token_lifetime: z.int(),
    authorization_code_lifetime: z.int(),
    refresh_token_lifetime: z.int(),
    session_lifetime: z.int(),
    audit_retention_days: z.int().nullable().openapi({ description: 'Null: for ever.' }),
    trusted_proxies: z.int(),
    scopes: z.record(z.string(), z.record(z.string(), z.string())),
    changed: z.array(z.string()).openapi({ description: 'Which were changed while servers ran.' }),
  })
  .openapi('Settings', { description: 'Durations are in seconds.' })

const { shape } = settingChangesSchema

const settingsPatch = z
  .strictObject({
    access_token_lifetime: shape.accessTokenLifetime,
    authorization_code_lifetime: shape.authorizationCodeLifetime,
    refresh_token_lifetime: shape.refreshTokenLifetime,
    session_lifetime: shape.sessionLifetime,
    audit_retention_days: shape.auditRetentionDays,
  })
  .openapi('SettingsPatch', { description: 'Null goes back to what is configured. Durations are in seconds.' })

export function addServerOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path: '/keys',
    scope: 'keys:read',
    tag: 'Server',
    summary: 'List the keys that all nodes share; the secret parts are never shown',
    answers: {
      200: {
        description: 'The newest first.',
        schema: z.object({ data: z.array(keySchema), signing_keys: z.array(shownSigningKeySchema) }),
      },
    },
    async handle({ runtime: { store, clock } }) {
      const keys = describeMasterKeys(await listMasterKeys(store), clock())
      return json({
        data: keys.map(({ keyId, state, createdAt, activeAt }) => ({
          key_id: keyId,
          state,
          created_at: formatTime(createdAt),
          active_at: formatTime(activeAt),
        })),
        signing_keys: (await listSigningKeyFacts({ store, clock })).map(key => ({
          key_id: key.keyId,
          algorithm: key.algorithm,
          state: key.state,
          created_at: formatTime(key.createdAt),
          active_at: formatTime(key.activeAt),
        })),
      })
    },
  })

  addOperation(app, {
    method: 'post',
    path: '/keys',
    scope: 'keys:write',
    tag: 'Server',
    summary: 'Make new keys; every node uses them once all have read them, earlier ones still verify',
    answers: {
      201: {
        description: 'The new key.',
        schema: z.object({ key_id: z.int(), active_at: momentText, signing_keys: z.array(signingKeySchema) }),
      },
    },
    problems: [409],
    async handle({ runtime }) {
      try {
        const { keyId, activeAt, signingKeys } = await rotateKeys(runtime)
        const signing_keys = signingKeys.map(key => ({
          key_id: key.keyId,
          algorithm: key.algorithm,
          active_at: formatTime(key.activeAt),
        }))
        return json({ key_id: keyId, active_at: formatTime(activeAt), signing_keys }, 201)
      } catch (error) {
        if (!(error instanceof WriteConflict)) throw error
        throw new AdminProblem(409, 'conflict', 'Another program made a key at the same time. List them.')
      }
    },
  })

  addOperation(app, {
    method: 'get',
    path: '/settings',
    scope: 'settings:read',
    tag: 'Server',
    summary: 'Read the settings that the server runs with; secrets are never shown',
    answers: { 200: { description: 'The settings.', schema: settingsSchema } },
    handle: async ({ runtime }) => jsonRow(representSettings(runtime)),
  })

  addOperation(app, {
    method: 'patch',
    path: '/settings',
    scope: 'settings:write',
    tag: 'Server',
    summary: 'Change settings while servers run; every node uses them within half a minute',
    body: settingsPatch,
    headers: ['If-Match'],
    answers: { 200: { description: 'The settings.', schema: settingsSchema } },
    problems: [412],
    async handle({ runtime, body }, c) {
      const precondition = preconditionOf(c, representSettings)
      await changeSettings(runtime, toCamelNames(body), () => precondition(runtime))
      return jsonRow(representSettings(runtime))
    },
  })
}

function representSettings({ settings, liveSettings }: Runtime): z.input<typeof settingsSchema> {
  return {
    origin: settings.origin,
    api_domain: settings.apiDomain ?? null,
    access_token_lifetime: settings.accessTokenLifetime,
    authorization_code_lifetime: settings.authorizationCodeLifetime,
    refresh_token_lifetime: settings.refreshTokenLifetime,
    session_lifetime: settings.sessionLifetime,
    trusted_proxies: settings.trustedProxies,
    audit_retention_days: settings.auditRetentionDays ?? null,
    scopes: settings.scopes,
    changed: Object.keys(liveSettings.changed).map(toJsonName),
  }
}
