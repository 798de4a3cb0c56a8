import { ConnectError } from '../errors.ts'
import { fromBase64, randomText, toBase64Url, utf8 } from '../keys/bytes.ts'
import type { Kit } from '../options.ts'
import { consumeOnce } from '../store/consume-once.ts'
import { leaseOf } from '../store/wait-for-lease.ts'

/** How long a person may take between the start and the callback, in milliseconds. */
export const FLOW_LIFETIME = 600_000

/** The most installs that are tracked at the same time in tabs of one browser. */
const MAX_FLOWS = 4

/** An install that this browser started. */
export interface Flow {
  state: string
  /** `providerName clientId`: an answer of another provider is not for this flow. */
  audience: string
  /** Milliseconds since 1970. */
  expiresAt: number
  returnTo: string | null
  /** The account whose owner asked to add a company to it; null for an install or a sign-in. */
  account: string | null
}

/** Begins a flow. @param account set when its signed-in owner asked for the link */
export function beginFlow(kit: Kit, returnTo: string | null, account: string | null): Flow {
  return {
    state: randomText(24),
    audience: audienceOf(kit),
    expiresAt: kit.clock() + FLOW_LIFETIME,
    returnTo,
    account,
  }
}

/** The PKCE verifier (RFC 7636 section 4.1) follows from the flow, so that the browser need not keep it. */
export async function codeVerifierOf(kit: Kit, flow: Flow): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', utf8(`pkce ${await kit.keyring.sign(`pkce ${flow.state}`)}`))
  return toBase64Url(new Uint8Array(digest))
}

/** The `Set-Cookie` lines that tie a flow to this browser. */
export async function keepFlow(kit: Kit, request: Request | undefined, flow: Flow): Promise<string[]> {
  const payload = toBase64Url(utf8(JSON.stringify(flow)))
  const value = `${payload}.${await kit.keyring.sign(payload)}`
  const others = request ? flowCookies(kit, request).slice(0, 1 - MAX_FLOWS) : []
  return [
    `${cookieName(kit, flow.state)}=${value}; Max-Age=${FLOW_LIFETIME / 1000}; ${cookieAttributes(kit)}`,
    ...others.map(([name]) => `${name}=; Max-Age=0; ${cookieAttributes(kit)}`),
  ]
}

const SENT_TO_START = 'connect-from-provider'

/** The `Set-Cookie` line that notes that an install which began at the provider was sent to the app's own start. */
export function sentToStart(kit: Kit): string {
  return `${SENT_TO_START}=1; Max-Age=60; ${cookieAttributes(kit)}`
}

export function wasSentToStart(request: Request): boolean {
  return /(?:^|; *)connect-from-provider=1(?:;|$)/.test(request.headers.get('Cookie') ?? '')
}

/** The `Set-Cookie` line that ends a flow. */
export function endFlow(kit: Kit, state: string): string {
  return `${cookieName(kit, state)}=; Max-Age=0; ${cookieAttributes(kit)}`
}

/**
 * The flow that an answer belongs to, if this browser started it.
 * @throws {ConnectError} `flow_invalid`
 */
export async function requireFlow(kit: Kit, request: Request, state: string | null): Promise<Flow> {
  const cookie = state && flowCookies(kit, request).find(([name]) => name === cookieName(kit, state))
  if (!cookie) throw invalid('no cookie of this browser goes with its state')
  const [payload = '', signature = ''] = cookie[1].split('.')
  if (!(await kit.keyring.verify(payload, signature))) throw invalid('the cookie is not signed by this app')
  const flow = JSON.parse(new TextDecoder().decode(fromBase64(payload))) as Flow
  if (flow.state !== state) throw invalid('its state is of another request')
  if (flow.audience !== audienceOf(kit)) throw invalid('it was started with another provider')
  if (flow.expiresAt <= kit.clock()) throw invalid('it was started more than ten minutes ago')
  return flow
}

/**
 * Uses a flow up, in all processes.
 * @throws {ConnectError} `flow_used` the second time
 */
export async function useOnce(kit: Kit, flow: Flow): Promise<void> {
  const name = `${leaseOf({ provider: kit.provider.name, companyId: 0, userId: 0 })} flow ${flow.state}`
  if (!(await consumeOnce(kit.store, name, FLOW_LIFETIME))) {
    throw new ConnectError('flow_used', 'This answer was used before.')
  }
}

/** An answer of another provider, or to another app, is not for this kit. */
export function audienceOf(kit: Kit): string {
  return `${kit.provider.name} ${kit.clientId}`
}

function cookieName(kit: Kit, state: string): string {
  return `${cookiePrefix(kit)}${state.slice(0, 10)}`
}

function cookiePrefix({ redirectUri }: Kit): string {
  return redirectUri.protocol === 'https:' ? '__Host-connect-' : 'connect-'
}

export function cookieAttributes({ redirectUri }: Kit): string {
  return `Path=/; HttpOnly; SameSite=Lax${redirectUri.protocol === 'https:' ? '; Secure' : ''}`
}

/** Name and value of this kit's cookies in a request, in the order of the header. */
function flowCookies(kit: Kit, request: Request): [string, string][] {
  return (request.headers.get('Cookie') ?? '')
    .split(/; */)
    .map(pair => pair.split(/=(.*)/s))
    .filter(([name]) => name?.startsWith(cookiePrefix(kit)))
    .map(([name = '', value = '']) => [name, value])
}

function invalid(reason: string): ConnectError {
  return new ConnectError(
    'flow_invalid',
    `This answer does not belong to an install that was started in this browser: ${reason}.`,
  )
}
