import { randomBytes, randomInt } from 'node:crypto'
import { authenticate } from '../config/keys.ts'
import type { Runtime } from '../config/runtime.ts'
import type { PageContext } from '../http/environment.ts'
import { browserValue } from '../http/form-token.ts'
import { PageError } from '../pages/error-page.ts'
import { isTooFarAhead } from '../store/clock-skew.ts'
import {
  beginDeviceRequest,
  type DeviceRequestRow,
  denyDeviceRequest,
  findDeviceRequest,
  insertDeviceRequest,
} from '../store/queries/device-requests.ts'
import { ConstraintViolation, writeUnlessConflict } from '../store/store.ts'
import { hashSecret } from '../tokens/token-text.ts'

const SECOND = 1000
/** Seconds until a person must have allowed it. */
export const DEVICE_LIFETIME = 900
/** Seconds between two questions of a device. */
export const POLL_INTERVAL = 5
const PREFIX = 'urn:tenantry:device:'
/** Without vowels, so that no code is a word, and without letters that look alike (RFC 8628 section 6.1). */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
/** 34 bits. */
const LENGTH = 8
const DEVICE_CODE = /^tny_dc_([A-Za-z0-9_-]{43})_[A-Za-z0-9_-]{32}$/

/** The two codes of a request that a device has begun: one for itself, and one for the person. */
export interface DeviceCodes {
  deviceCode: string
  userCode: string
}

/** Keeps what a device asks for. */
export async function keepDeviceRequest(runtime: Runtime, clientId: string, query: string): Promise<DeviceCodes> {
  for (;;) {
    const letters = Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('')
    const userCodeHash = userCodeHashes(runtime, letters)[0]!
    const deviceCode = `tny_dc_${userCodeHash.toString('base64url')}_${randomBytes(24).toString('base64url')}`
    const row: DeviceRequestRow = {
      user_code_hash: userCodeHash,
      device_code_hash: hashSecret(deviceCode),
      client_id: clientId,
      query,
      expires_at: runtime.clock() + DEVICE_LIFETIME * SECOND,
      begun_at: null,
      browser_hash: null,
      polled_at: null,
      poll_interval: POLL_INTERVAL * SECOND,
      denied_at: null,
      company_id: null,
    }
    try {
      await runtime.store.write([insertDeviceRequest(runtime.store, row)])
      return { deviceCode, userCode: formatUserCode(letters) }
    } catch (error) {
      // Another device has this code.
      if (!(error instanceof ConstraintViolation)) throw error
    }
  }
}

/** As it is read aloud and typed. */
export function formatUserCode(letters: string): string {
  return `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}`
}

/** The letters of a code as a person typed it; undefined where it can be none. */
export function readUserCode(text: string): string | undefined {
  const letters = text.toUpperCase().replace(/[^A-Z]/g, '')
  return letters.length === LENGTH ? letters : undefined
}

/** By the code that the device has. */
export async function findByDeviceCode({ store }: Runtime, deviceCode: string): Promise<DeviceRequestRow | undefined> {
  const key = DEVICE_CODE.exec(deviceCode)?.[1]
  const row = key && (await findDeviceRequest(store, Buffer.from(key, 'base64url')))
  if (!row) return undefined
  return Buffer.from(row.device_code_hash).equals(hashSecret(deviceCode)) ? row : undefined
}

/** Whether it still waits for someone to allow it. */
export function isPending({ clock }: Runtime, { expires_at, denied_at, company_id }: DeviceRequestRow): boolean {
  const now = clock()
  const isOver = expires_at <= now || isTooFarAhead(expires_at, now, DEVICE_LIFETIME * SECOND)
  return !isOver && denied_at === null && company_id === null
}

/**
 * The request whose code someone typed, tied to this browser from now on: no other can go on with it.
 * @returns undefined where it does not wait, or was begun in another browser
 */
export async function beginByUserCode(c: PageContext, letters: string): Promise<DeviceRequestRow | undefined> {
  const { runtime } = c.var
  for (const hash of userCodeHashes(runtime, letters)) {
    const row = await findDeviceRequest(runtime.store, hash)
    if (!row || !isPending(runtime, row)) continue
    if (isOfBrowser(c, row)) return row
    const begun = { ...row, begun_at: runtime.clock(), browser_hash: hashSecret(browserValue(c)) }
    if (await writeUnlessConflict(runtime.store, [beginDeviceRequest(runtime.store, begun)])) return begun
  }
  return undefined
}

/** Where its person chooses a company and allows it. */
export function devicePath({ client_id, user_code_hash }: DeviceRequestRow): string {
  const requestUri = PREFIX + Buffer.from(user_code_hash).toString('base64url')
  return `/oauth/authorize?${new URLSearchParams({ client_id, request_uri: requestUri })}`
}

export function isDeviceRequestUri(requestUri: string): boolean {
  return requestUri.startsWith(PREFIX)
}

/** @throws {PageError} where it does not wait, or is another client's */
export async function findPendingRequest(
  runtime: Runtime,
  requestUri: string,
  clientId: string | undefined,
): Promise<DeviceRequestRow> {
  const key = Buffer.from(requestUri.slice(PREFIX.length), 'base64url')
  const row = await findDeviceRequest(runtime.store, key)
  if (row && row.client_id === clientId && isPending(runtime, row)) return row
  throw new PageError(400, 'error.requestExpired')
}

/** @throws {PageError} in a browser where its code was not typed */
export function requireOwnBrowser(c: PageContext, row: DeviceRequestRow) {
  if (!isOfBrowser(c, row)) throw new PageError(400, 'error.requestExpired')
}

/** Tells the device that the person does not want it; nothing where it does not wait any more. */
export async function refuseDevice({ store, clock }: Runtime, row: DeviceRequestRow): Promise<void> {
  await writeUnlessConflict(store, [denyDeviceRequest(store, row, clock())])
}

function isOfBrowser(c: PageContext, { browser_hash }: DeviceRequestRow): boolean {
  return browser_hash !== null && Buffer.from(browser_hash).equals(hashSecret(browserValue(c)))
}

/** Under each key, the current one first: a short code must not be found out from its hash. */
function userCodeHashes({ keys }: Runtime, letters: string): Buffer[] {
  return keys.forms.map(key => authenticate(key, 'user code', letters))
}
