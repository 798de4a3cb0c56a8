import type { App } from '../../apps/apps.ts'
import type { Runtime } from '../../config/runtime.ts'
import { OAuthError } from '../../http/errors.ts'
import type { Parameters } from '../../http/form.ts'
import { resolveResources, storeResources } from '../../resource-servers/resolve.ts'
import { fitScopes } from '../../resource-servers/scopes.ts'
import { deleteExpiredAccessTokens } from '../../store/queries/access-tokens.ts'
import { findActiveMembership, requireActiveMembership } from '../../store/queries/active-memberships.ts'
import { findCompanyInstallation, requireCompanyInstallation } from '../../store/queries/company-installations.ts'
import { retryOnConflict } from '../../store/store.ts'
import { accessTokenEnd, storeAccessToken } from '../../tokens/issue.ts'
import { intersection, isSubset, parseScopes, storedScopes, withoutBlocked } from '../../tokens/scopes.ts'
import { accessTokenKind, newToken } from '../../tokens/token-text.ts'
import { type Grant, requireParameter } from './grant.ts'

/** Of tokens that come from no code, and have no refresh token. */
const FAMILY = 'client_credentials'

const COMPANY_ID = /^[1-9]\d{0,15}$/

/**
 * An access token for the app itself at a company where an administrator has installed it for everyone (RFC 6749 section 4.4): fields
 * `company_id`, and `scope` and `resource` where it wants less than it has. It speaks for the company's app user. There is no refresh
 * token: the app asks again.
 * @throws {OAuthError} `invalid_request`, `unauthorized_client`, `invalid_grant`, `invalid_scope`, `invalid_target`
 */
export const grantToApp: Grant = (runtime, app, form, jkt) => {
  if (app.isPublic) {
    throw new OAuthError('unauthorized_client', 'A public client has no credentials: use the authorization code grant.')
  }
  const companyText = requireParameter(form, 'company_id')
  const companyId = Number(companyText)
  if (!COMPANY_ID.test(companyText) || !Number.isSafeInteger(companyId)) {
    throw new OAuthError('invalid_request', 'company_id must be a positive integer.')
  }
  return retryOnConflict(async () => {
    const { installation, blocked } = await requireInstalled(runtime, app, companyId)
    const granted = withoutBlocked(intersection(storedScopes(installation.scopes), app.scopes), blocked)
    const access = { ...(await accessOf(runtime, app, { companyId, granted }, form)), jkt }
    const { company_id, user_id, client_id } = installation
    const family = { company_id, user_id, client_id, family_id: FAMILY }
    const accessToken = newToken(accessTokenKind(access), companyId)
    const { store, clock } = runtime
    await store.write([
      requireCompanyInstallation(store, installation),
      requireActiveMembership(store, companyId, user_id, client_id),
      storeAccessToken(runtime, family, accessToken, access),
      deleteExpiredAccessTokens(store, family, clock()),
    ])
    return {
      ...access,
      accessToken,
      refreshToken: null,
      companyId,
      userId: user_id,
      openid: null,
      expiresAt: accessTokenEnd(runtime),
      installedBy: installation.installed_by,
    }
  })
}

/** @throws {OAuthError} `invalid_grant` */
async function requireInstalled({ store }: Runtime, app: App, companyId: number) {
  const installation = await findCompanyInstallation(store, { company_id: companyId, client_id: app.clientId })
  const appUser = installation && (await findActiveMembership(store, companyId, installation.user_id, app.clientId))
  if (appUser) return { installation, blocked: appUser.company_blocked_scopes }
  throw new OAuthError(
    'invalid_grant',
    'The app is not installed for this company, or the company is not active or blocks it.',
  )
}

/** @throws {OAuthError} `invalid_scope`, `invalid_target` */
async function accessOf(
  runtime: Runtime,
  app: App,
  { companyId, granted }: { companyId: number; granted: string[] },
  form: Parameters,
): Promise<{ scopes: string[]; resources: string | null }> {
  const text = form.get('scope')
  const asked = text === undefined ? granted : parseScopes(text, app.profile)
  if (!asked || asked.length === 0 || !isSubset(asked, granted)) {
    throw new OAuthError('invalid_scope', 'The company has not granted the app all of these scopes.')
  }
  const resources = form.has('resource') ? await resolveResources(runtime, form.get('resource')!) : []
  if (!resources?.every(each => each.companyId === undefined || each.companyId === companyId)) {
    throw new OAuthError('invalid_target', 'resource: no resource server of this company has this address.')
  }
  const { fitting, misfit } = await fitScopes(runtime, asked, resources)
  if (text !== undefined && misfit !== undefined) {
    throw new OAuthError('invalid_scope', `The scope ${misfit.scope} belongs to another resource than was asked for.`)
  }
  return { scopes: fitting, resources: storeResources(resources) }
}
