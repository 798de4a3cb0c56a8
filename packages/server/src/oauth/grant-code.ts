import type { App } from '../apps/apps.ts'
import { FAPI2_CODE_LIFETIME, isFapi2 } from '../apps/fapi2.ts'
import { recordEvent } from '../audit/record.ts'
import { randomSecret } from '../config/random.ts'
import type { Settings } from '../config/settings.ts'
import { actingAs } from '../http/acting.ts'
import type { PageContext } from '../http/environment.ts'
import { describeSignIn, storeSignIn } from '../openid/sign-in.ts'
import { sidOf } from '../sign-in/session.ts'
import { requireActiveMembership } from '../store/queries/active-memberships.ts'
import { keepApp } from '../store/queries/apps.ts'
import { insertAuthorizationCode } from '../store/queries/authorization-codes.ts'
import { allowDeviceRequest } from '../store/queries/device-requests.ts'
import {
  type InstallationKey,
  type InstallationRow,
  putInstallation,
  requireInstallation,
} from '../store/queries/installations.ts'
import { putOpenidSession } from '../store/queries/openid-sessions.ts'
import { spendPushedRequest } from '../store/queries/pushed-requests.ts'
import { requireSession } from '../store/queries/sessions.ts'
import { setLastCompany } from '../store/queries/users.ts'
import type { Statement } from '../store/store.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { hashSecret, newToken } from '../tokens/token-text.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { requireWantedSignIn } from './wanted-sign-in.ts'

/** How a member gets an app. */
export interface Installing {
  /** Whether they allowed it themselves, or the company's installation serves them. */
  kind: 'user' | 'member'
  /** What they have of it, as it was read: the commit holds only while that is so. */
  before: InstallationRow | undefined
  /** What else must still hold when it is committed. */
  conditions: readonly Statement[]
}

/**
 * Installs the app for the user at the company, as they have just allowed it or the company serves them, and gives an authorization
 * code, in one commit.
 * @throws {WriteConflict} when the membership is no longer active, the installation was changed concurrently, or a
 * condition does not hold
 */
export async function installAndGrantCode(
  c: PageContext,
  request: AuthorizationRequest,
  companyId: number,
  { kind, before, conditions }: Installing,
): Promise<string> {
  const { store, clock } = c.var.runtime
  const key = keyOf(c, request, companyId)
  const now = clock()
  const { code, statements } = newCode(c, request, key)
  const event = recordEvent(actingAs(c, 'user', key.user_id), {
    action: 'installation.allowed',
    companyId,
    userId: key.user_id,
    clientId: key.client_id,
    facts: { scopes: request.scopes, ...(kind === 'member' && { by: 'company' }) },
  })
  await store.write([
    event,
    ...(request.app.unusedUntil === null ? [] : [keepApp(store, request.app.clientId)]),
    ...conditions,
    ...(before ? [requireInstallation(store, before)] : []),
    putInstallation(
      store,
      {
        ...key,
        scopes: [...new Set([...storedScopes(before?.scopes ?? ''), ...request.scopes])].join(' '),
        created_at: before?.created_at ?? now,
        updated_at: now,
        kind,
      },
      before,
    ),
    ...statements,
  ])
  return code
}

/**
 * Gives an authorization code for what was allowed before.
 * @param conditions what must still hold when it is committed
 * @throws {WriteConflict} when the installation was changed or removed, or the membership ended, since it was read
 */
export async function grantCodeAgain(
  c: PageContext,
  request: AuthorizationRequest,
  installation: InstallationRow,
  conditions: readonly Statement[],
): Promise<string> {
  const { store } = c.var.runtime
  const { company_id, user_id } = installation
  const { code, statements } = newCode(c, request, keyOf(c, request, company_id))
  await store.write([
    requireInstallation(store, installation),
    requireActiveMembership(store, company_id, user_id, request.app.clientId),
    ...conditions,
    ...statements,
  ])
  return code
}

function keyOf(c: PageContext, request: AuthorizationRequest, companyId: number): InstallationKey {
  return { company_id: companyId, user_id: c.var.signedIn!.user.user_id, client_id: request.app.clientId }
}

/** An app that asked to hear of the end of the session is told, so it must not end unseen. */
function rememberSignIn(c: PageContext, { app }: AuthorizationRequest, key: InstallationKey): Statement[] {
  const { store } = c.var.runtime
  const { session } = c.var.signedIn!
  if (app.backchannelLogoutUrl === null) return []
  return [
    requireSession(store, session),
    putOpenidSession(store, { ...key, sid: sidOf(session), expires_at: session.expires_at }),
  ]
}

/** In seconds. */
function codeLifetime(app: App, { authorizationCodeLifetime }: Settings): number {
  return isFapi2(app) ? Math.min(authorizationCodeLifetime, FAPI2_CODE_LIFETIME) : authorizationCodeLifetime
}

/** @param key whom the code is for, who need not be who is signed in */
export function newCode(c: PageContext, request: AuthorizationRequest, key: InstallationKey) {
  const { store, clock, settings } = c.var.runtime
  const { user } = c.var.signedIn!
  requireWantedSignIn(request, c.var.signedIn!, key.company_id)
  const now = clock()
  const code = newToken('ac', key.company_id)
  const { openid } = request
  const statements = [
    insertAuthorizationCode(store, {
      ...key,
      // A device has its code already.
      code_hash: request.device?.device_code_hash ?? hashSecret(code),
      family_id: randomSecret(12).toString('hex'),
      redirect_uri: request.redirectUri,
      scopes: request.scopes.join(' '),
      code_challenge: request.codeChallenge ?? null,
      created_at: now,
      expires_at: now + codeLifetime(request.app, settings) * 1000,
      used_at: null,
      resources: request.resources,
      jkt: request.jkt,
      openid: openid ? storeSignIn(describeSignIn(c.var.signedIn!, openid.nonce)) : null,
    }),
    ...(user.last_company_id === key.company_id ? [] : [setLastCompany(store, user.user_id, key.company_id)]),
    ...(request.device ? [allowDeviceRequest(store, request.device, key.company_id, now)] : []),
    ...(request.pushed ? [spendPushedRequest(store, request.pushed.request_hash)] : []),
    ...(openid && key.user_id === user.user_id ? rememberSignIn(c, request, key) : []),
  ]
  return { code, statements }
}
