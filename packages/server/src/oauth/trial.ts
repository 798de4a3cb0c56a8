import { hash, randomBytes } from 'node:crypto'
import type { App } from '../apps/apps.ts'
import type { Runtime } from '../config/runtime.ts'
import { deleteAccessToken } from '../store/queries/access-tokens.ts'
import { endFamily } from '../store/queries/families.ts'
import { findRefreshToken } from '../store/queries/refresh-tokens.ts'
import { writeUnlessConflict } from '../store/store.ts'
import type { IssuedTokens } from '../tokens/issue.ts'
import { hashSecret } from '../tokens/token-text.ts'
import { trialRedirectUri } from './authorization-target.ts'
import { exchangeAuthorizationCode } from './grants/authorization-code.ts'
import { keepRequest } from './pushed-request.ts'

/** A flow that a developer walks in the place of their app. */
export interface Trial {
  state: string
  verifier: string
}

/** @returns where the developer's browser goes, and what it keeps until it comes back */
export async function beginTrial(runtime: Runtime, app: App): Promise<{ path: string; trial: Trial }> {
  const trial = { state: randomBytes(24).toString('base64url'), verifier: randomBytes(32).toString('base64url') }
  const requestUri = await keepRequest(runtime, app.clientId, trialQuery(runtime, app, trial).toString())
  const query = new URLSearchParams({ client_id: app.clientId, request_uri: requestUri })
  return { path: `/oauth/authorize?${query}`, trial }
}

/** The authorization request of a trial. */
export function trialQuery({ settings }: Runtime, { clientId }: App, { state, verifier }: Trial): URLSearchParams {
  return new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: trialRedirectUri(settings),
    state,
    code_challenge: hash('sha256', verifier, 'base64url'),
    code_challenge_method: 'S256',
  })
}

/**
 * Exchanges the code of a trial. The tokens never leave this process, so that no key and no secret of the app is asked for.
 * @throws {OAuthError} as the token endpoint does
 */
export function exchangeTrialCode(
  runtime: Runtime,
  app: App,
  { verifier }: Trial,
  code: string,
): Promise<IssuedTokens> {
  const form = new Map([
    ['code', code],
    ['redirect_uri', trialRedirectUri(runtime.settings)],
    ['code_verifier', verifier],
  ])
  return exchangeAuthorizationCode(runtime, app, form, null)
}

/** Ends the tokens of a trial; the installation stays. */
export async function endTrial({ store }: Runtime, { companyId, accessToken, refreshToken }: IssuedTokens) {
  const family = await findRefreshToken(store, companyId, hashSecret(refreshToken ?? ''))
  if (!family) return
  await writeUnlessConflict(
    store,
    endFamily(store, family, deleteAccessToken(store, companyId, hashSecret(accessToken))),
  )
}
