import { z } from 'zod'
import { checkInput, InputError, TakenError } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import { type OutboundAnswer, send } from '../http/outbound/send.ts'
import { setDocumentExpiry } from '../store/queries/apps.ts'
import { StoreUnavailable } from '../store/store.ts'
import { type App, changeApp, createApp, findRegisteredApp } from './apps.ts'
import { clientMetadata, toNewApp } from './registration.ts'

const SECOND = 1000
const HOUR = 3600 * SECOND
const TIME_LIMIT = 5 * SECOND
/** Bytes: what a client says of itself is short. */
const MAX_DOCUMENT = 16 * 1024
/** How long a document is good for, whatever its headers say. */
const SHORTEST = 60 * SECOND
const LONGEST = 24 * HOUR
/** How long no document is asked for again that could not be read. */
const PAUSE_AFTER_FAILURE = 60 * SECOND
const MAX_FAILURES = 1000
/** How long an app stays that no one has allowed yet. */
const UNUSED_FOR = 24 * HOUR

const document = clientMetadata.extend({
  client_id: z.string(),
  token_endpoint_auth_method: z.literal('none', 'must be none').optional(),
})

/** A document that cannot be read, or says what makes no sense. */
export class DocumentError extends Error {
  override name = 'DocumentError'
}

interface Reading {
  /** Those under way, by address, so that many requests at once ask once. */
  readonly running: Map<string, Promise<App>>
  /** When each address failed last, and how. */
  readonly failed: Map<string, { at: number; error: DocumentError }>
}

const readings = new WeakMap<Runtime['store'], Reading>()

/** Whether a client id is the address of a document: https, with a path, and nothing that two programs could read differently. */
export function isDocumentAddress(clientId: string, localAllowed: boolean): boolean {
  if (!/^https?:\/\/[\x21-\x7e]{1,500}$/.test(clientId) || !URL.canParse(clientId)) return false
  const { protocol, pathname, hash, username, password, href } = new URL(clientId)
  const isSecure = protocol === 'https:' || localAllowed
  return isSecure && href === clientId && pathname !== '/' && hash === '' && username === '' && password === ''
}

/**
 * The app that a document describes (OAuth Client ID Metadata Document). It is read again when it has run out; an app that was
 * read before stays as it was for a day when its document cannot be read.
 * @throws {DocumentError}
 */
export async function findAppByDocument(runtime: Runtime, clientId: string): Promise<App> {
  const { clock, store } = runtime
  const known = await findRegisteredApp(runtime, clientId)
  const now = clock()
  if (known && (known.documentExpiresAt ?? 0) > now) return known
  const reading = readings.get(store) ?? { running: new Map(), failed: new Map() }
  readings.set(store, reading)
  try {
    return await (reading.running.get(clientId) ?? begin(runtime, reading, clientId))
  } catch (error) {
    if (known && error instanceof DocumentError && (known.documentExpiresAt ?? 0) + LONGEST > now) return known
    throw error
  }
}

function begin(runtime: Runtime, reading: Reading, clientId: string): Promise<App> {
  const { running, failed } = reading
  const before = failed.get(clientId)
  const now = runtime.clock()
  if (before && Math.abs(now - before.at) < PAUSE_AFTER_FAILURE) return Promise.reject(before.error)
  const work = readDocument(runtime, clientId)
    .catch(error => {
      if (failed.size >= MAX_FAILURES) failed.clear()
      if (error instanceof DocumentError) failed.set(clientId, { at: now, error })
      throw error
    })
    .finally(() => running.delete(clientId))
  running.set(clientId, work)
  return work
}

async function readDocument(runtime: Runtime, clientId: string): Promise<App> {
  const answer = await fetchDocument(runtime, clientId)
  try {
    const metadata = checkInput(document, JSON.parse(answer.body ?? ''))
    if (metadata.client_id !== clientId) throw new InputError('client_id: must be the address of the document itself.')
    await keep(runtime, clientId, await toNewApp(runtime, metadata), runtime.clock() + lifetimeOf(answer))
  } catch (error) {
    if (error instanceof InputError || error instanceof SyntaxError) throw new DocumentError(error.message)
    throw error
  }
  return (await findRegisteredApp(runtime, clientId))!
}

/** Only from public addresses, whatever the name resolves to; no redirect is followed. */
async function fetchDocument({ settings }: Runtime, url: string): Promise<OutboundAnswer> {
  const request = {
    url,
    method: 'GET',
    headers: { Accept: 'application/json' },
    body: '',
    maxAnswer: MAX_DOCUMENT,
    signal: AbortSignal.timeout(TIME_LIMIT),
  }
  try {
    const answer = await send(request, { localAllowed: settings.localCallbacks, proxy: settings.outboundProxy })
    if (answer.status === 200) return answer
    throw new DocumentError(`the server answered ${answer.status}`)
  } catch (error) {
    if (error instanceof DocumentError || error instanceof StoreUnavailable) throw error
    throw new DocumentError((error as Error).message)
  }
}

async function keep(
  runtime: Runtime,
  clientId: string,
  input: Awaited<ReturnType<typeof toNewApp>>,
  expiresAt: number,
) {
  const { store, clock } = runtime
  try {
    const registration = {
      client_id: clientId,
      registration_token_hash: null,
      unused_until: clock() + UNUSED_FOR,
      document_expires_at: expiresAt,
    }
    if (!(await findRegisteredApp(runtime, clientId))) return void (await createApp(runtime, input, registration))
  } catch (error) {
    // Another node has just read it.
    if (!(error instanceof TakenError)) throw error
  }
  const { isPublic: _, ...change } = input
  await changeApp(runtime, clientId, change)
  await store.write([setDocumentExpiry(store, clientId, expiresAt)])
}

/** As its headers say (RFC 9111 section 5.2.2), within our own limits. */
function lifetimeOf({ cacheControl = '' }: OutboundAnswer): number {
  if (/\bno-(store|cache)\b/i.test(cacheControl)) return SHORTEST
  const seconds = /\bmax-age=(\d{1,9})/i.exec(cacheControl)?.[1]
  return seconds === undefined ? HOUR : Math.min(Math.max(Number(seconds) * SECOND, SHORTEST), LONGEST)
}
