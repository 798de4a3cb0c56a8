import { z } from '@hono/zod-openapi'
import { recordEvent } from '../audit/record.ts'
import { describeMasterKeys } from '../config/key-facts.ts'
import type { Settings } from '../config/settings.ts'
import { listMasterKeys } from '../store/queries/master-keys.ts'
import { WriteConflict } from '../store/store.ts'
import { formatTime, json, momentText } from './answers.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { AdminProblem } from './problem.ts'

const keySchema = z
  .object({ key_id: z.int(), state: z.string(), created_at: momentText, active_at: momentText })
  .openapi('Key')

const settingsSchema = z
  .object({
    origin: z.string(),
    api_domain: z.string().nullable(),
    access_token_lifetime: z.int(),
    authorization_code_lifetime: z.int(),
    refresh_token_lifetime: z.int(),
    session_lifetime: z.int(),
    trusted_proxies: z.int(),
    scopes: z.record(z.string(), z.record(z.string(), z.string())),
  })
  .openapi('Settings', { description: 'Durations are in seconds.' })

export function addServerOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path: '/keys',
    scope: 'keys:read',
    tag: 'Server',
    summary: 'List the keys that all nodes share; the secret parts are never shown',
    answers: { 200: { description: 'The newest first.', schema: z.object({ data: z.array(keySchema) }) } },
    async handle({ runtime: { store, clock } }) {
      const keys = describeMasterKeys(await listMasterKeys(store), clock())
      return json({
        data: keys.map(({ keyId, state, createdAt, activeAt }) => ({
          key_id: keyId,
          state,
          created_at: formatTime(createdAt),
          active_at: formatTime(activeAt),
        })),
      })
    },
  })

  addOperation(app, {
    method: 'post',
    path: '/keys',
    scope: 'keys:write',
    tag: 'Server',
    summary: 'Make a new key; every node uses it two minutes later, earlier ones still verify',
    answers: { 201: { description: 'The new key.', schema: z.object({ key_id: z.int(), active_at: momentText }) } },
    problems: [409],
    async handle({ runtime }) {
      const { keys } = runtime
      try {
        const activeAt = await keys.rotate([recordEvent(runtime, { action: 'key.rotated' })])
        return json({ key_id: keys.list()[0]!.keyId, active_at: formatTime(activeAt) }, 201)
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
    handle: async ({ runtime }) => json(representSettings(runtime.settings)),
  })
}

function representSettings(settings: Settings): z.input<typeof settingsSchema> {
  return {
    origin: settings.origin,
    api_domain: settings.apiDomain ?? null,
    access_token_lifetime: settings.accessTokenLifetime,
    authorization_code_lifetime: settings.authorizationCodeLifetime,
    refresh_token_lifetime: settings.refreshTokenLifetime,
    session_lifetime: settings.sessionLifetime,
    trusted_proxies: settings.trustedProxies,
    scopes: settings.scopes,
  }
}
