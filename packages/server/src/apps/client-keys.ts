import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose'
import type { Runtime } from '../config/runtime.ts'
import { send } from '../http/outbound/send.ts'
import type { App } from './app.ts'

const SECOND = 1000
const TIME_LIMIT = 5 * SECOND
/** Bytes. */
const MAX_KEYS = 64 * 1024
/** How long keys are not asked for again, read or not: anyone can send a JWT that claims to be an app's. */
const PAUSE = 30 * SECOND
/** How long keys stay good that cannot be read again. */
const GOOD_WITHOUT_SERVER = 24 * 3600 * SECOND
const MAX_ADDRESSES = 1000

const readers = new WeakMap<Runtime['store'], Map<string, JWTVerifyGetKey>>()

/**
 * The public keys that an app signs with: those it was registered with, or those at its `jwks_uri`. These are read again every ten
 * minutes, and for a key that is not among them every 30 seconds at most. Undefined where it has none.
 */
export function clientKeys(
  runtime: Runtime,
  { jwks, jwksUri }: Pick<App, 'jwks' | 'jwksUri'>,
): JWTVerifyGetKey | undefined {
  if (jwksUri === null) return jwks === null ? undefined : createLocalJWKSet(JSON.parse(jwks))
  const known = readers.get(runtime.store) ?? new Map<string, JWTVerifyGetKey>()
  readers.set(runtime.store, known)
  return known.get(jwksUri) ?? addReader(runtime, known, jwksUri)
}

/** Whether an app has any, which is known without reading them. */
export function hasKeys({ jwks, jwksUri }: Pick<App, 'jwks' | 'jwksUri'>): boolean {
  return jwks !== null || jwksUri !== null
}

function addReader(runtime: Runtime, known: Map<string, JWTVerifyGetKey>, jwksUri: string): JWTVerifyGetKey {
  if (known.size >= MAX_ADDRESSES) known.clear()
  const options = { cooldownDuration: 0, [customFetch]: keepingAnswers(runtime) }
  const keys = createRemoteJWKSet(new URL(jwksUri), options)
  known.set(jwksUri, keys)
  return keys
}

/** Reads the keys, only from public addresses, and follows no redirect; while that fails, gives what it read last. */
function keepingAnswers(runtime: Runtime) {
  const { clock } = runtime
  let last: { body: string; at: number } | undefined
  let tried: { at: number; error: Error | undefined } | undefined
  return async (url: string): Promise<Response> => {
    if (tried === undefined || Math.abs(clock() - tried.at) >= PAUSE) {
      tried = { at: clock(), error: undefined }
      try {
        last = { body: await readKeys(runtime, url), at: clock() }
      } catch (error) {
        tried.error = error as Error
      }
    }
    const isGood = last !== undefined && Math.abs(clock() - last.at) < GOOD_WITHOUT_SERVER
    if (isGood) return new Response(last!.body)
    throw new errors.JWKSInvalid(`the keys at jwks_uri cannot be read: ${tried.error?.message}`)
  }
}

async function readKeys({ settings }: Runtime, url: string): Promise<string> {
  const headers = { Accept: 'application/jwk-set+json, application/json' }
  const signal = AbortSignal.timeout(TIME_LIMIT)
  const request = { url, method: 'GET', headers, body: '', maxAnswer: MAX_KEYS, signal }
  const { status, body = '' } = await send(request, {
    localAllowed: settings.localCallbacks,
    proxy: settings.outboundProxy,
  })
  if (status !== 200) throw new Error(`the server answered ${status}`)
  // Throws for what is no key set, so that it takes the place of none.
  createLocalJWKSet(JSON.parse(body))
  return body
}
