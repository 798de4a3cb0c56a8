import { InputError } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import { guardStore } from '../store/guarded-store.ts'
import { requireFewerApps } from '../store/queries/app-owners.ts'
import type { App } from './app.ts'
import type { AppChange, NewApp } from './app-input.ts'
import { changeApp, createApp } from './apps.ts'
import { openScopes } from './registration.ts'

/** Apps that one company can develop. */
const MOST = 200

/** What the people of a company say of an app that they develop. The rest is an operator's to say. */
export type CompanyAppInput = Pick<
  NewApp,
  'name' | 'maker' | 'homeUrl' | 'privacyUrl' | 'termsUrl' | 'redirectUris' | 'scopes' | 'install' | 'uninstallUrl'
>

/**
 * Registers an app that a company develops: for that company alone, until an operator opens it to others.
 * @throws {InputError} if an entry is invalid, or a scope is not open to such apps
 */
export async function registerCompanyApp(
  runtime: Runtime,
  { companyId, ownerId }: { companyId: number; ownerId: number },
  input: CompanyAppInput & Pick<NewApp, 'isPublic'>,
) {
  requireOpen(input.scopes ?? [], await openScopes(runtime))
  const require = requireFewerApps(runtime.store, companyId, MOST)
  // Nothing else in the commit of a new app expects anything.
  const check = () => Promise.reject(tooMany())
  return createApp({ ...runtime, store: guardStore(runtime.store, { require, check }) }, input, {
    company_id: companyId,
    ownerId,
  })
}

/**
 * Changes an app that a company develops. It keeps scopes that an operator gave it, and gets no others of that kind.
 * @throws {InputError} as {@link registerCompanyApp} does
 */
export async function changeCompanyApp(runtime: Runtime, clientId: string, input: CompanyAppInput): Promise<App> {
  const open = await openScopes(runtime)
  const change: AppChange = { ...input }
  return changeApp(runtime, clientId, change, before => requireOpen(input.scopes ?? [], [...open, ...before!.scopes]))
}

function tooMany() {
  return new InputError(`A company can develop ${MOST} apps.`, [{ path: 'apps', message: 'too many' }])
}

function requireOpen(scopes: readonly string[], open: readonly string[]) {
  const closed = scopes.filter(scope => !open.includes(scope))
  if (closed.length === 0) return
  const message = `scopes: ${closed.join(', ')} can only be given by an operator of the platform. Open: ${open.join(', ')}.`
  throw new InputError(message, [{ path: 'scopes', message }])
}
