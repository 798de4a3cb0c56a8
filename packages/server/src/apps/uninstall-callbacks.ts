import type { LookupAddress } from 'node:dns'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Runtime } from '../config/runtime.ts'
import { findApp } from '../store/queries/apps.ts'
import {
  claimCallback,
  deleteCallback,
  listDueCallbacks,
  recordFailedCallback,
  type UninstallCallbackRow,
} from '../store/queries/uninstall-callbacks.ts'
import { WriteConflict } from '../store/store.ts'
import { readKeptSecret } from './apps.ts'
import { resolvePublic } from './uninstall-url.ts'

const SECOND = 1000
const TIME_LIMIT = 10 * SECOND
const FIRST_PAUSE = SECOND
const LONGEST_PAUSE = 3600 * SECOND
const GIVE_UP_AFTER = 24 * 3600 * SECOND
/** Longer than a call can take, so that a sender that died is taken over and a living one is not. */
const CLAIM = TIME_LIMIT + 5 * SECOND
const AT_ONCE = { ofEachApp: 4, together: 64 }

/**
 * Sends the callbacks that are due, each claimed in the database first so that no other sender has it.
 * @returns how many were tried
 */
export async function sendDueCallbacks(runtime: Runtime): Promise<number> {
  const due = await listDueCallbacks(runtime.store, runtime.clock(), AT_ONCE)
  const tried = await Promise.all(due.map(callback => sendClaimed(runtime, callback)))
  return tried.filter(Boolean).length
}

async function sendClaimed(runtime: Runtime, callback: UninstallCallbackRow): Promise<boolean> {
  const { store, clock, log } = runtime
  if (!(await claim(runtime, callback))) return false
  try {
    await send(runtime, callback)
    await store.write([deleteCallback(store, callback)])
  } catch (error) {
    const failure = planNextAttempt(callback, clock(), (error as Error).message)
    await store.write([recordFailedCallback(store, callback, failure)])
    log.warn({ ...publicFacts(callback), ...failure }, 'uninstall callback failed')
  }
  return true
}

async function claim({ store, clock }: Runtime, callback: UninstallCallbackRow): Promise<boolean> {
  try {
    await store.write(claimCallback(store, callback, clock() + CLAIM))
    return true
  } catch (error) {
    if (error instanceof WriteConflict) return false
    throw error
  }
}

/** Twice as long a pause after each failure, an hour at most, with some chance in it; after a day no more. */
export function planNextAttempt(callback: UninstallCallbackRow, now: number, error: string) {
  const pause = Math.min(FIRST_PAUSE * 2 ** Math.min(callback.attempts, 20), LONGEST_PAUSE)
  const nextAttemptAt = Math.round(now + pause * (0.75 + Math.random() / 2))
  const over = nextAttemptAt > callback.ended_at + GIVE_UP_AFTER
  return { error: error.slice(0, 200), nextAttemptAt, gaveUpAt: over ? now : null }
}

async function send(runtime: Runtime, callback: UninstallCallbackRow): Promise<void> {
  const app = await findApp(runtime.store, callback.client_id)
  if (!app?.uninstall_url) return
  const secret = readKeptSecret(runtime, app)
  if (secret === undefined) throw new Error('the client secret cannot be decrypted with the configured secrets')
  const status = await deliver(app.uninstall_url, {
    authorization: `Basic ${Buffer.from(`${app.client_id}:${secret}`).toString('base64')}`,
    body: JSON.stringify({ ...publicFacts(callback), timestamp: new Date(callback.ended_at).toISOString() }),
    localAllowed: runtime.settings.localCallbacks,
  })
  if (status < 200 || status > 299) throw new Error(`the app answered ${status}`)
}

function publicFacts({ client_id, company_id, user_id }: UninstallCallbackRow) {
  return { client_id, company_id, user_id }
}

/** A look-up that knows its answer. */
function answering(addresses: LookupAddress[]): LookupFunction {
  return (_host, options, done) => {
    if (options.all) done(null, addresses)
    else done(null, addresses[0]!.address, addresses[0]!.family)
  }
}

/** One DELETE, redirects not followed, its whole duration limited; resolves with the status. */
async function deliver(
  target: string,
  { authorization, body, localAllowed }: { authorization: string; body: string; localAllowed: boolean },
): Promise<number> {
  const url = new URL(target)
  const addresses = localAllowed ? undefined : await resolvePublic(url.hostname.replace(/^\[|\]$/g, ''))
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = send(url, {
      method: 'DELETE',
      agent: false,
      signal: AbortSignal.timeout(TIME_LIMIT),
      headers: {
        Authorization: authorization,
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'User-Agent': 'Tenantry',
      },
      ...(addresses && { lookup: answering(addresses) }),
    })
    request.on('error', reject)
    request.on('response', response => {
      response.resume()
      resolve(response.statusCode ?? 0)
      // The answer's body is of no interest, however long it is.
      response.destroy()
    })
    request.end(body)
  })
}
