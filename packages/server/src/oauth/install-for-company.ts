import { recordEvent } from '../audit/record.ts'
import { actingAs } from '../http/acting.ts'
import type { PageContext } from '../http/environment.ts'
import { requireAdministrator } from '../store/queries/active-memberships.ts'
import { findAppUser, insertAppUser } from '../store/queries/app-users.ts'
import { keepApp } from '../store/queries/apps.ts'
import { findCompanyInstallation } from '../store/queries/company-installations.ts'
import { allocateId } from '../store/queries/ids.ts'
import { putInstallation, requireInstallation } from '../store/queries/installations.ts'
import type { MembershipRow, MembershipWithCompany } from '../store/queries/memberships.ts'
import { ConstraintViolation, type Statement, WriteConflict } from '../store/store.ts'
import { storedScopes } from '../tokens/scopes.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { newCode } from './grant-code.ts'

/**
 * Installs the app for everyone at a company, as its administrator has just allowed it, and gives an authorization code for the
 * company's app user, in one commit. The app user is made at the first installation, and is the same at every later one.
 * @param conditions what must still hold when it is committed
 * @throws {WriteConflict} when the person is no administrator any more, the installation was changed concurrently, or a condition does
 * not hold
 */
export async function installForCompany(
  c: PageContext,
  request: AuthorizationRequest,
  administrator: MembershipWithCompany,
  conditions: readonly Statement[],
): Promise<string> {
  const { store, clock } = c.var.runtime
  const { company_id, user_id: installedBy } = administrator
  const { clientId } = request.app
  const now = clock()
  const known = await findAppUser(store, company_id, clientId)
  const appUser = known ?? (await newAppUser(c, request, administrator, now))
  const before = await findCompanyInstallation(store, { company_id, client_id: clientId })
  const key = { company_id, user_id: appUser.user_id, client_id: clientId }
  const { code, statements } = newCode(c, request, key)
  const event = recordEvent(actingAs(c, 'user', installedBy), {
    action: 'installation.allowed',
    companyId: company_id,
    userId: appUser.user_id,
    clientId,
    facts: { scopes: request.scopes, install_for: 'company' },
  })
  const installation = {
    ...key,
    scopes: [...new Set([...storedScopes(before?.scopes ?? ''), ...request.scopes])].join(' '),
    created_at: before?.created_at ?? now,
    updated_at: now,
    kind: 'company' as const,
    installed_by: installedBy,
    audience: before?.audience ?? ('all' as const),
  }
  try {
    await store.write([
      event,
      ...(request.app.unusedUntil === null ? [] : [keepApp(store, clientId)]),
      ...requireAdministrator(store, company_id, installedBy, clientId),
      // Taken for writing before the conditions share it, so that two administrators do not wait for each other.
      ...(before ? [requireInstallation(store, before)] : []),
      ...conditions,
      ...(known ? [] : [insertAppUser(store, appUser)]),
      putInstallation(store, installation, before),
      ...statements,
    ])
  } catch (error) {
    // Another administrator has just installed it: look again.
    if (error instanceof ConstraintViolation) throw new WriteConflict()
    throw error
  }
  return code
}

/** Speaks the administrator's language, since a company has none of its own. */
async function newAppUser(
  c: PageContext,
  { app }: AuthorizationRequest,
  { company_id, locale, timezone, currency }: MembershipWithCompany,
  now: number,
): Promise<MembershipRow & { app_client_id: string }> {
  return {
    company_id,
    user_id: await allocateId(c.var.runtime.store, 'user'),
    name: app.name,
    email: '',
    phone: null,
    locale,
    timezone,
    currency,
    is_admin: 0,
    role_id: 1,
    icon_url: null,
    has_created_company: 0,
    signup_flow_variation: null,
    active: 1,
    user_active: 1,
    created_at: now,
    modified_at: null,
    last_login_at: null,
    app_client_id: app.clientId,
  }
}
