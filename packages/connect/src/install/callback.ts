import { ConnectError, isConnectError } from '../errors.ts'
import type { Id } from '../ids.ts'
import { chooseLocale } from '../locale/locale.ts'
import type { Kit } from '../options.ts'
import type { Identity } from '../provider/identity.ts'
import type { Exchanged } from '../provider/oauth-client.ts'
import { leadToDonePage } from './done-page.ts'
import { codeVerifierOf, endFlow, type Flow, requireFlow, sentToStart, useOnce, wasSentToStart } from './flow.ts'
import { type Install, keepLink, type StoredInstall } from './keep-link.ts'
import { begin } from './start.ts'

/** What is known of an install by the time that it fails, for its page. */
export interface CallbackTrail {
  flow?: Flow
  identity?: Identity<Id>
  /** Who is signed in. */
  account?: string | null
}

/**
 * `GET` on the redirect URI: the provider's answer. Each step throws what its page is made of.
 * @throws {ConnectError}
 */
export async function finishInstall(kit: Kit, request: Request, trail: CallbackTrail): Promise<Response> {
  const callback = new URL(request.url)
  if (isFromProvider(callback)) return beginAtOwnStart(kit, request)
  const flow = await requireFlow(kit, request, callback.searchParams.get('state'))
  trail.flow = flow
  await useOnce(kit, flow)
  const account = (await kit.hooks.currentAccount?.(request)) ?? null
  trail.account = account
  const exchanged = await kit.oauth.exchangeCode(callback, {
    state: flow.state,
    codeVerifier: await codeVerifierOf(kit, flow),
  })
  const identity = await identifyWithRetries(kit, exchanged, callback.searchParams)
  trail.identity = identity
  const stored = await storeLinkOrRevoke(kit, flow, {
    identity,
    account,
    request,
    tokens: exchanged.tokens,
    installedAt: kit.clock() + exchanged.clockSkew,
    // The account of a company is no one's own.
    intent: flow.account === null || identity.kind === 'company' ? 'install' : 'link',
  })
  if (identity.kind === 'company') return continueAsPerson(kit, request, flow, identity)
  return answer(kit, request, flow, identity, stored)
}

/**
 * An install that began at the provider, as in its marketplace: the code comes without a state of this app. It is never
 * used, since an attacker could have sent the browser here with their own code; the person is sent through the app's own
 * start instead.
 */
function isFromProvider({ searchParams }: URL): boolean {
  return searchParams.has('code') && !searchParams.has('error') && !searchParams.get('state')
}

/** Once only: with a provider that never returns the state, the browser would loop forever. */
async function beginAtOwnStart(kit: Kit, request: Request): Promise<Response> {
  if (wasSentToStart(request)) {
    throw new ConnectError('flow_invalid', 'The provider sends no state back with its answer.')
  }
  const headers = new Headers({
    Location: kit.startPath,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
  })
  headers.append('Set-Cookie', sentToStart(kit))
  return new Response(null, { status: 303, headers })
}

/**
 * An administrator has installed the app for everyone: the company's app user is linked, and no one signs in as that. The administrator
 * goes on to sign in as themself, for which the provider asks nothing more.
 */
async function continueAsPerson(
  kit: Kit,
  request: Request,
  flow: Flow,
  { companyId }: Identity<Id>,
): Promise<Response> {
  const { returnTo, account } = flow
  const { url, cookies } = await begin(kit, request, { returnTo, account, company: companyId })
  const headers = new Headers({
    Location: url.href,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
  })
  for (const cookie of [...cookies, endFlow(kit, flow.state)]) headers.append('Set-Cookie', cookie)
  return new Response(null, { status: 303, headers })
}

const refusals = [
  'link_refused',
  'link_needs_consent',
  'account_not_proved',
  'link_belongs_to_another_account',
] as const

/** How often, and how long in milliseconds at most, an install waits for a provider that is busy. */
const BUSY_RETRIES = 2
const MAX_BUSY_WAIT = 5000

/** The code is used up: an install is not lost to a provider that says 429 when asked who this is. */
async function identifyWithRetries(
  kit: Kit,
  { tokens: { accessToken, apiDomain }, tokenAnswer }: Exchanged,
  callback: URLSearchParams,
): Promise<Identity<Id>> {
  for (let retry = 0; ; retry++) {
    try {
      return await kit.oauth.identify(accessToken, apiDomain, { callback, tokenAnswer, known: null })
    } catch (error) {
      if (!isConnectError(error, 'provider_unavailable') || retry === BUSY_RETRIES) throw error
      const wait = (error.retryAfter ?? Number.POSITIVE_INFINITY) * 1000
      if (wait > MAX_BUSY_WAIT) throw error
      await kit.wait(wait)
    }
  }
}

async function storeLinkOrRevoke(kit: Kit, flow: Flow, install: Install): Promise<StoredInstall> {
  try {
    requireSameOwner(flow, install.account)
    return await keepLink(kit, install)
  } catch (error) {
    if (isConnectError(error, ...refusals)) await revokeInstallation(kit, install.identity, install.tokens.refreshToken)
    throw error
  }
}

/** The owner who asked must still be the one who is signed in. */
function requireSameOwner(flow: Flow, account: string | null): void {
  if (flow.account === null || flow.account === account) return
  throw new ConnectError('link_needs_consent', 'The user who asked to add this company is no longer signed in.')
}

/** A refused install is not left at the provider; unless the person has a link that works, which it would end. */
async function revokeInstallation(kit: Kit, identity: Identity<Id>, refreshToken: string | null): Promise<void> {
  const link = await kit.store.findLink(identity)
  if (link?.status === 'active' || refreshToken === null) return
  await kit.oauth.revoke(refreshToken).catch(error => kit.onError(error, crypto.randomUUID()))
}

async function answer(
  kit: Kit,
  request: Request,
  flow: Flow,
  identity: Identity<Id>,
  { link, created }: StoredInstall,
): Promise<Response> {
  const acceptLanguage = request.headers.get('Accept-Language')
  const locale = chooseLocale({ identity, languages: kit.languages, acceptLanguage })
  const { returnTo } = flow
  const given = await kit.hooks.onLinked?.({
    identity,
    link,
    accountId: link.accountId,
    created,
    returnTo,
    locale,
    request,
  })
  const response = given instanceof Response ? new Response(given.body, given) : await leadToDonePage(kit, flow, link)
  if (given && !(given instanceof Response)) {
    for (const [name, value] of new Headers(given.headers)) response.headers.append(name, value)
  }
  response.headers.append('Set-Cookie', endFlow(kit, flow.state))
  return response
}
