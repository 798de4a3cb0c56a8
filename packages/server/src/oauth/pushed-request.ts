import { randomBytes } from 'node:crypto'
import type { Runtime } from '../config/runtime.ts'
import type { PageContext } from '../http/environment.ts'
import { browserValue } from '../http/form-token.ts'
import { PageError } from '../pages/error-page.ts'
import { isTooFarAhead } from '../store/clock-skew.ts'
import {
  beginPushedRequest,
  findPushedRequest,
  insertPushedRequest,
  type PushedRequestRow,
} from '../store/queries/pushed-requests.ts'
import { writeUnlessConflict } from '../store/store.ts'
import { hashSecret } from '../tokens/token-text.ts'

const SECOND = 1000
/** Seconds until a browser must have come with it. */
export const PUSHED_LIFETIME = 90
/** How long a person may take from there. */
const TIME_TO_ANSWER = 3600 * SECOND
const PREFIX = 'urn:ietf:params:oauth:request_uri:'

/** Keeps a request that was checked. @returns its `request_uri` (RFC 9126 section 2.2) */
export async function keepRequest({ store, clock }: Runtime, clientId: string, query: string): Promise<string> {
  const secret = randomBytes(32).toString('base64url')
  await store.write([
    insertPushedRequest(store, {
      request_hash: hashSecret(secret),
      client_id: clientId,
      query,
      begun_at: null,
      browser_hash: null,
      expires_at: clock() + PUSHED_LIFETIME * SECOND,
    }),
  ])
  return PREFIX + secret
}

/**
 * The request that a `request_uri` names.
 * @throws {PageError} where it is unknown, ran out or was answered, or is another client's: where to answer is not known
 */
export async function findKeptRequest(
  { store, clock }: Runtime,
  requestUri: string,
  clientId: string | undefined,
): Promise<PushedRequestRow> {
  const row = requestUri.startsWith(PREFIX)
    ? await findPushedRequest(store, hashSecret(requestUri.slice(PREFIX.length)))
    : undefined
  const now = clock()
  const isGood = row && row.expires_at > now && !isTooFarAhead(row.expires_at, now, TIME_TO_ANSWER)
  if (!isGood || row.client_id !== clientId) throw new PageError(400, 'error.requestExpired')
  return row
}

/**
 * Ties a request to this browser, once: anyone else who has its address cannot use it.
 * @throws {PageError} in another browser
 */
export async function tieToBrowser(c: PageContext, row: PushedRequestRow): Promise<PushedRequestRow> {
  const { store, clock } = c.var.runtime
  const browserHash = hashSecret(browserValue(c))
  if (row.browser_hash === null) {
    const now = clock()
    const begun = { ...row, begun_at: now, browser_hash: browserHash, expires_at: now + TIME_TO_ANSWER }
    if (await writeUnlessConflict(store, [beginPushedRequest(store, begunColumns(begun))])) return begun
  } else if (Buffer.from(row.browser_hash).equals(browserHash)) return row
  throw new PageError(400, 'error.requestExpired')
}

function begunColumns({ request_hash, begun_at, browser_hash, expires_at }: PushedRequestRow) {
  return { request_hash, begun_at, browser_hash, expires_at }
}
