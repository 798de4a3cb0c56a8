import { z } from '@hono/zod-openapi'
import { listSecrets, rotateSecret } from '../apps/client-secrets.ts'
import { newClientSecret } from '../tokens/token-text.ts'
import { formatTime, formatTimeOrNull, json, momentText } from './answers.ts'
import { appParams, requireApp } from './apps.ts'
import { idempotently } from './idempotency.ts'
import { type AdminApp, addOperation } from './operation.ts'

const tag = 'Apps'
const path = '/apps/{client_id}/secrets'

const secretSchema = z
  .object({
    current: z.boolean(),
    created_at: momentText,
    expires_at: momentText.nullable(),
    last_used_at: momentText.nullable().openapi({ description: 'To the hour.' }),
  })
  .openapi('ClientSecret')

/** For how long the secret before is accepted. */
export const keepOldSeconds = z
  .int()
  .nonnegative()
  .max(90 * 24 * 3600)
  .optional()
  .openapi({ description: 'For how long the secret before is accepted as well; not at all if left out.' })

export function addSecretOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path,
    scope: 'apps:read',
    tag,
    summary: 'List the client secrets that are accepted; the secrets themselves are never shown',
    params: appParams,
    answers: { 200: { description: 'The current one first.', schema: z.object({ data: z.array(secretSchema) }) } },
    problems: [404],
    async handle({ runtime, params: { client_id } }) {
      const secrets = await listSecrets(runtime, await requireApp(runtime, client_id))
      return json({
        data: secrets.map(({ current, createdAt, expiresAt, lastUsedAt }) => ({
          current,
          created_at: formatTime(createdAt),
          expires_at: formatTimeOrNull(expiresAt),
          last_used_at: formatTimeOrNull(lastUsedAt),
        })),
      })
    },
  })

  addOperation(app, {
    method: 'post',
    path,
    scope: 'apps:write',
    tag,
    summary: 'Give an app a new client secret',
    params: appParams,
    body: z.strictObject({ keep_old_seconds: keepOldSeconds }).openapi('SecretInput'),
    headers: ['Idempotency-Key'],
    answers: {
      201: { description: 'The new secret.', schema: z.object({ client_id: z.string(), client_secret: z.string() }) },
    },
    problems: [404, 409],
    handle: ({ runtime, params: { client_id }, body }, c) =>
      idempotently(c, { secret: newClientSecret }, async ({ secret }) => {
        await rotateSecret(runtime, client_id, { keepOld: (body.keep_old_seconds ?? 0) * 1000, secret })
        return { status: 201, body: { client_id, client_secret: secret } }
      }),
  })
}
