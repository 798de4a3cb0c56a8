import { randomBytes } from 'node:crypto'
import { recordEvent } from '../audit/record.ts'
import { requireCompany } from '../companies/companies.ts'
import { checkInput, InputError, NotFoundError, type Precondition, TakenError } from '../companies/input.ts'
import { isUnchanged } from '../companies/unchanged.ts'
import { decrypt, encrypt } from '../config/keys.ts'
import type { Runtime } from '../config/runtime.ts'
import { insertAppOwner } from '../store/queries/app-owners.ts'
import { listCompaniesWithAppUser, renameAppUser } from '../store/queries/app-users.ts'
import {
  type AppFacts,
  type AppRow,
  findApp,
  findAppWithIcon,
  insertApp,
  setAppDisabled,
  updateApp,
} from '../store/queries/apps.ts'
import { insertClientSecret } from '../store/queries/client-secrets.ts'
import { ConstraintViolation, retryOnConflict, writeUnlessConflict } from '../store/store.ts'
import { parseScopes } from '../tokens/scopes.ts'
import { hashSecret, newClientSecret } from '../tokens/token-text.ts'
import { type App, toApp } from './app.ts'
import { describeAppChange, rateLimitsText, toColumns } from './app-columns.ts'
import { type AppChange, appChange, checkApp, type NewApp, newApp } from './app-input.ts'
import { isFapi2 } from './fapi2.ts'
import { handOver } from './hand-over.ts'

export { type App, toApp } from './app.ts'
export type { AppChange, NewApp } from './app-input.ts'

/** What is kept of an app that registered itself, is described by a document, or is developed by a company. */
type Registration = Pick<
  AppRow,
  'client_id' | 'registration_token_hash' | 'unused_until' | 'document_expires_at' | 'company_id'
> & {
  /** The member of the company who registers it. */
  ownerId: number
}

/** Rows of companies that a change of an app touches in one go. */
const CHANGED_AT_ONCE = 200

/**
 * Registers an app. `clientSecret` is returned only here; it is null for a public app and for one with keys.
 * @throws {InputError} if an entry is invalid, or the client id is taken
 * @example
 * ```ts
 * import { createApp } from 'tenantry'
 * const { app, clientSecret } = await createApp(runtime, {
 *   name: 'Field Notes',
 *   redirectUris: ['https://notes.example/callback'],
 *   scopes: ['base'],
 * })
 * console.log(app.clientId, clientSecret)
 * ```
 */
export async function createApp(
  runtime: Runtime,
  input: NewApp,
  /** Of an app that is not the operators'. */
  registration: Partial<Registration> = {},
): Promise<{ app: App; clientSecret: string | null }> {
  const { store, clock, keys } = runtime
  const given = checkInput(newApp, input)
  const signs = Boolean(given.jwks ?? given.jwksUri)
  const isFapi = isFapi2(given)
  if (given.companyId !== undefined) await requireCompany(store, given.companyId)
  // What the profile wants need not be named.
  await checkApp(runtime, given, {
    isPublic: given.isPublic,
    profile: given.profile,
    hasKeys: signs,
    idTokenAlgorithm: given.idTokenAlgorithm,
    deviceFlow: given.deviceFlow,
  })
  const clientId = registration.client_id ?? given.clientId ?? randomBytes(8).toString('hex')
  const clientSecret = given.isPublic || signs ? null : (given.clientSecret ?? newClientSecret())
  const keepsSecret = clientSecret !== null && (given.uninstallUrl || given.keepSecret)
  const row: AppRow = {
    client_id: clientId,
    name: given.name,
    maker: given.maker ?? null,
    icon_type: given.icon?.type ?? null,
    icon: given.icon?.bytes ?? null,
    redirect_uris: JSON.stringify(given.redirectUris),
    scopes: parseScopes(given.scopes.join(' '), 'standard')!.join(' '),
    profile: given.profile,
    public: given.isPublic ? 1 : 0,
    require_par: given.requirePar || isFapi ? 1 : 0,
    require_dpop: given.requireDpop || isFapi ? 1 : 0,
    require_pkce: given.requirePkce || given.isPublic || isFapi ? 1 : 0,
    device_flow: (given.deviceFlow ?? !isFapi) ? 1 : 0,
    install: given.install,
    jwks: given.jwks ? JSON.stringify(given.jwks) : null,
    jwks_uri: given.jwksUri ?? null,
    secret_hash: clientSecret === null ? null : hashSecret(clientSecret),
    encrypted_secret: keepsSecret ? encrypt(await keys.ready(), clientSecret, clientId) : null,
    uninstall_url: given.uninstallUrl ?? null,
    disabled_at: null,
    created_at: clock(),
    home_url: given.homeUrl ?? null,
    privacy_url: given.privacyUrl ?? null,
    terms_url: given.termsUrl ?? null,
    verified_at: null,
    verified_by: null,
    rate_limits: rateLimitsText(given.rateLimits),
    id_token_algorithm: given.idTokenAlgorithm ?? (isFapi ? 'ES256' : 'RS256'),
    post_logout_redirect_uris: JSON.stringify(given.postLogoutRedirectUris),
    backchannel_logout_url: given.backchannelLogoutUrl ?? null,
    registration_token_hash: registration.registration_token_hash ?? null,
    unused_until: registration.unused_until ?? null,
    document_expires_at: registration.document_expires_at ?? null,
    company_id: registration.company_id ?? given.companyId ?? null,
    published_at: null,
  }
  try {
    await store.write([
      insertApp(store, row),
      ...insertFirstSecret(store, row),
      ...insertFirstOwner(store, row, registration.ownerId),
      recordEvent(runtime, { action: 'app.registered', ...subjectOf(row), ...describeAppChange({}, row) }),
    ])
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    throw new TakenError(`The client id ${clientId} belongs to another app.`)
  }
  return { app: toApp(row), clientSecret }
}

/**
 * Changes the registration of an app. A scope that is taken away is refused for existing tokens, from the next request on.
 * @throws {InputError} if there is no such app, or an entry is invalid
 * @example
 * ```ts
 * import { setApp } from 'tenantry'
 * await setApp(runtime, app.clientId, { redirectUris: ['https://notes.example/new'] })
 * ```
 */
export async function setApp(runtime: Runtime, clientId: string, input: AppChange): Promise<App> {
  if (Object.values(input).every(value => value === undefined)) {
    throw new InputError('Nothing to change. Give at least one option.')
  }
  return changeApp(runtime, clientId, input)
}

/** The same, if it is as the precondition wants it; nothing is written where nothing differs. */
export function changeApp(
  runtime: Runtime,
  clientId: string,
  input: AppChange,
  precondition: Precondition<App> = () => {},
): Promise<App> {
  const { store } = runtime
  const given = checkInput(appChange, input)
  return retryOnConflict(async () => {
    const before = await requireApp(store, clientId)
    precondition(toApp(before))
    await checkApp(runtime, given, {
      ...given,
      redirectUris: given.redirectUris ?? JSON.parse(before.redirect_uris),
      before: { jwks: before.jwks !== null, jwksUri: before.jwks_uri !== null },
      isPublic: before.public === 1,
      profile: given.profile ?? before.profile,
      hasKeys: hasKeys(before),
    })
    const after: AppRow = { ...before, ...toColumns(runtime, given, before) }
    const handedOver = await handOver(runtime, before, after)
    if (!isUnchanged(before, after)) {
      const event = recordEvent(runtime, {
        action: 'app.changed',
        ...subjectOf(after),
        ...describeAppChange(before, after),
      })
      await store.write([updateApp(store, before, after), ...handedOver, event])
    }
    // Also where the name is the same: an earlier call may have been interrupted.
    if (given.name !== undefined) await renameAppUsers(runtime, clientId, after.name)
    return toApp(after)
  })
}

/** The app's users at companies have its name; each is one machine's on a cluster. */
async function renameAppUsers({ store, clock }: Runtime, clientId: string, name: string): Promise<void> {
  for (;;) {
    const companyIds = await listCompaniesWithAppUser(store, clientId, CHANGED_AT_ONCE, name)
    if (companyIds.length === 0) return
    const renamed = companyIds.map(companyId => renameAppUser(store, { companyId, clientId, name }, clock()))
    await Promise.all(renamed.map(statement => store.write([statement])))
  }
}

/**
 * Disables an app: its requests and tokens are refused from the next request on, and its installations stay. Or enables it.
 * @throws {InputError} if there is no such app
 * @example
 * ```ts
 * import { setDisabled } from 'tenantry'
 * await setDisabled(runtime, app.clientId, true)
 * ```
 */
export async function setDisabled(runtime: Runtime, clientId: string, disabled: boolean): Promise<void> {
  const { store, clock } = runtime
  const event = recordEvent(runtime, { action: 'app.changed', clientId, facts: { disabled } })
  const statements = [setAppDisabled(store, clientId, disabled ? clock() : null), event]
  if (!(await writeUnlessConflict(store, statements))) throw noApp(clientId)
}

/** The secret of an app that keeps it encrypted, or undefined where it cannot be read. */
export function decryptClientSecret({ keys }: Runtime, row: AppFacts): string | undefined {
  return row.encrypted_secret === null ? undefined : decrypt(keys, row.encrypted_secret, row.client_id)
}

export async function findRegisteredApp({ store }: Runtime, clientId: string): Promise<App | undefined> {
  const row = await findApp(store, clientId)
  return row && toApp(row)
}

async function requireApp(store: Runtime['store'], clientId: string): Promise<AppRow> {
  const app = await findAppWithIcon(store, clientId)
  if (!app) throw noApp(clientId)
  return app
}

function insertFirstSecret(store: Runtime['store'], { client_id, secret_hash, created_at }: AppRow) {
  return secret_hash === null ? [] : [insertClientSecret(store, { client_id, secret_hash, created_at })]
}

function insertFirstOwner(store: Runtime['store'], { company_id, client_id, created_at }: AppRow, ownerId?: number) {
  if (company_id === null || ownerId === undefined) return []
  return [insertAppOwner(store, { company_id, client_id, user_id: ownerId, added_at: created_at })]
}

/** Whose log tells of an app: its company's, or the platform's. */
export function subjectOf({ client_id, company_id }: Pick<AppRow, 'client_id' | 'company_id'>) {
  return { clientId: client_id, ...(company_id !== null && { companyId: company_id }) }
}

function hasKeys({ jwks, jwks_uri }: AppRow): boolean {
  return jwks !== null || jwks_uri !== null
}

function noApp(clientId: string): InputError {
  return new NotFoundError(`There is no app ${clientId}.`)
}
