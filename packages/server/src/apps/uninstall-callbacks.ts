import type { Runtime } from '../config/runtime.ts'
import { type OutboundAnswer, send } from '../http/outbound/send.ts'
import { type AppFacts, findApp } from '../store/queries/apps.ts'
import { insertDelivery } from '../store/queries/callback-deliveries.ts'
import { type QueuedCallback, uninstallQueue } from '../store/queries/callback-queue.ts'
import type { Statement } from '../store/store.ts'
import { inNewTrace } from '../tracing/spans.ts'
import { decryptClientSecret } from './apps.ts'
import { publicFacts, TIME_LIMIT } from './callback-attempts.ts'
import type { CallbackAttempt, CallbackKind } from './callback-kind.ts'

/** A `DELETE` with the client's own credentials, for each installation that ended. */
export const uninstallCallbacks: CallbackKind = {
  name: 'uninstall callback',
  queue: uninstallQueue,
  keepsGivenUp: true,
  call: callApp,
  recordAttempt,
}

/** Milliseconds for which its developers can see what an app was told. */
const KEPT = 7 * 24 * 3600 * 1000

async function recordAttempt(
  { store }: Runtime,
  callback: QueuedCallback,
  { attemptedAt, status, error }: CallbackAttempt,
): Promise<Statement[]> {
  const { company_id, client_id, user_id, ended_at, attempts } = callback
  const app = await findApp(store, client_id)
  if (!app) return []
  const key = { company_id, client_id, attempted_at: attemptedAt, user_id, ended_at }
  const body = JSON.stringify(bodyOf(app, callback))
  const row = { ...key, attempt: attempts + 1, status, error, body, expires_at: attemptedAt + KEPT }
  return [insertDelivery(store, row)]
}

/** Which kind ended is told to apps that companies can install; others know one kind. */
function bodyOf({ install }: AppFacts, callback: QueuedCallback) {
  const { kind = 'user', ended_at } = callback
  const facts = { ...publicFacts(callback), timestamp: new Date(ended_at).toISOString() }
  return install === 'user' && kind === 'user' ? facts : { ...facts, kind }
}

async function callApp(
  runtime: Runtime,
  callback: QueuedCallback,
  stopping: AbortSignal,
): Promise<OutboundAnswer | undefined> {
  const app = await findApp(runtime.store, callback.client_id)
  const url = app?.uninstall_url
  if (!app || !url) return undefined
  const secret = decryptClientSecret(runtime, app)
  if (secret === undefined) throw new Error('the client secret cannot be decrypted with the configured secrets')
  const { localCallbacks, outboundProxy } = runtime.settings
  const { hostname } = new URL(url)
  const attributes = {
    'http.request.method': 'DELETE',
    'server.address': hostname,
    'tenantry.client_id': app.client_id,
  }
  return inNewTrace('uninstall callback', attributes, () =>
    send(
      {
        url,
        method: 'DELETE',
        headers: {
          Authorization: `Basic ${Buffer.from(`${app.client_id}:${secret}`).toString('base64')}`,
          'Content-Type': 'application/json',
        },
        body: JSON.stringify(bodyOf(app, callback)),
        signal: AbortSignal.any([AbortSignal.timeout(TIME_LIMIT), stopping]),
      },
      { localAllowed: localCallbacks, proxy: outboundProxy },
    ),
  )
}
