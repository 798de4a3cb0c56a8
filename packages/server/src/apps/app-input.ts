import { z } from 'zod'
import { displayName, InputError, type InputMistake, id } from '../companies/input.ts'
import { ID_TOKEN_ALGORITHMS } from '../config/id-token-algorithms.ts'
import { appRateLimitsSchema } from '../config/rate-limits.ts'
import type { Runtime } from '../config/runtime.ts'
import { knownScopes } from '../pages/scope-descriptions.ts'
import { listResourceScopes } from '../store/queries/resource-servers.ts'
import { type CompatibilityProfile, PROFILES, parseScopes } from '../tokens/scopes.ts'
import { calledUrlMistake } from './callback-url.ts'
import { type Fapi2Facts, fapi2Mistakes } from './fapi2.ts'
import { redirectUriMistake } from './redirect-uri.ts'

const MAX_ICON = 64 * 1024

const icon = z.strictObject({
  type: z.enum(['image/png', 'image/jpeg', 'image/webp', 'image/svg+xml']),
  bytes: z.instanceof(Uint8Array).refine(bytes => bytes.length <= MAX_ICON, 'must be at most 64 KiB'),
})

/** For whom an app can be installed. */
export const INSTALLS = ['user', 'company', 'both'] as const

const pageUrl = z
  .string()
  .max(2000)
  .refine(text => URL.canParse(text) && new URL(text).protocol === 'https:', 'must be an https address')

/** What can be changed of a registered app without a new client id. */
export const appFields = {
  name: displayName,
  /** Its maker, as the consent page shows it. */
  maker: displayName.nullish(),
  icon: icon.nullish(),
  redirectUris: z.array(z.string()).min(1, 'at least one is needed'),
  scopes: z.array(z.string()),
  profile: z.enum(PROFILES),
  requirePkce: z.boolean(),
  /** Refuses authorization requests that it has not sent beforehand (RFC 9126). */
  requirePar: z.boolean(),
  /** Gives it tokens only with a proof of a key that they are bound to (RFC 9449). */
  requireDpop: z.boolean(),
  /** Whether it may sign people in by the device flow (RFC 8628): on a screen other than its own. */
  deviceFlow: z.boolean(),
  /** For whom it can be installed: for one member, by an administrator for the whole company, or either. */
  install: z.enum(INSTALLS),
  uninstallUrl: z.string().nullish(),
  /** Pages about it, as people are shown when they allow it. */
  homeUrl: pageUrl.nullish(),
  privacyUrl: pageUrl.nullish(),
  termsUrl: pageUrl.nullish(),
  /** Requests a minute that hold for it instead of the configured limits: `{ token: 60000 }`. */
  rateLimits: appRateLimitsSchema.nullish(),
  /** How its ID tokens are signed. */
  idTokenAlgorithm: z.enum(ID_TOKEN_ALGORITHMS),
  /** Where people may be sent after they signed out. */
  postLogoutRedirectUris: z.array(z.string()),
  /** Is told of sessions that end (OpenID Connect Back-Channel Logout). */
  backchannelLogoutUrl: z.string().nullish(),
  /** Its public keys, to authenticate with `private_key_jwt`, or the address where they are. */
  jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1) }).nullish(),
  jwksUri: z.string().max(2000).nullish(),
  /** Private-use schemes without a dot that its redirect URIs may have, such as `cursor`. */
  allowSchemes: z.array(z.string().regex(/^[a-z][a-z0-9+-]*$/, 'must be a scheme such as cursor')).optional(),
}

/** What a registered app keeps as it is. */
export const newAppFields = {
  clientId: z
    .string()
    .regex(/^[A-Za-z0-9._~-]{1,64}$/, 'must be 1 to 64 letters, digits and . _ ~ -')
    .optional(),
  /** One that the app has from elsewhere; a new one is made when not given. */
  clientSecret: z
    .string()
    .regex(/^[\x21-\x7e]{16,256}$/, 'must be 16 to 256 visible ASCII characters')
    .optional(),
}

export const newApp = z.strictObject({
  ...appFields,
  ...newAppFields,
  scopes: appFields.scopes.default(['base']),
  profile: appFields.profile.default('standard'),
  isPublic: z.boolean().default(false),
  /** The company whose people develop it, and whom it is for until it is published; none for an app of the operators. */
  companyId: id.optional(),
  requirePkce: z.boolean().default(false),
  requirePar: z.boolean().default(false),
  requireDpop: z.boolean().default(false),
  deviceFlow: appFields.deviceFlow.optional(),
  install: appFields.install.default('user'),
  idTokenAlgorithm: appFields.idTokenAlgorithm.optional(),
  postLogoutRedirectUris: appFields.postLogoutRedirectUris.default([]),
  /** Keeps the secret encrypted even with no uninstall URL; the sandbox prints it again at its next start. */
  keepSecret: z.boolean().default(false),
})

export const appChange = z
  .strictObject({
    ...appFields,
    disabled: z.boolean(),
    /** Whether the platform has found out who makes it. Who said so, and when, is remembered. */
    verified: z.boolean(),
    /** Another company whose people develop it, or null for the operators; not while it is for one company alone. */
    companyId: id.nullable(),
    /** Opens an app that a company develops to all companies. It cannot be taken back. */
    published: z.literal(true, 'cannot be taken back: disable the app, or remove it at companies'),
  })
  .partial()

export type NewApp = z.input<typeof newApp>
export type AppChange = z.input<typeof appChange>

interface Checked {
  redirectUris?: string[] | undefined
  scopes?: string[] | undefined
  uninstallUrl?: string | null | undefined
  postLogoutRedirectUris?: string[] | undefined
  backchannelLogoutUrl?: string | null | undefined
  allowSchemes?: string[] | undefined
  jwks?: { keys: Record<string, unknown>[] } | null | undefined
  jwksUri?: string | null | undefined
}

/** What an app is otherwise. */
interface CheckedKind extends Fapi2Facts {
  isPublic: boolean
  profile: CompatibilityProfile
  /** Which keys it was registered with; undefined for an app that is being registered. */
  before?: { jwks: boolean; jwksUri: boolean }
}

/**
 * What depends on the provider's settings, or on what kind of app it is.
 * @throws {InputError} with every mistake
 */
export async function checkApp(
  { settings, store }: Runtime,
  {
    redirectUris = [],
    scopes = [],
    uninstallUrl,
    allowSchemes = [],
    postLogoutRedirectUris = [],
    backchannelLogoutUrl,
    jwks,
    jwksUri,
  }: Checked,
  kind: CheckedKind,
) {
  const mistakes: InputMistake[] = []
  const add = (path: string, message: string | undefined) => {
    if (message !== undefined) mistakes.push({ path, message })
  }
  for (const uri of redirectUris) {
    add('redirectUris', redirectUriMistake(uri, { allowSchemes, localAllowed: settings.localCallbacks }))
  }
  for (const uri of postLogoutRedirectUris) {
    add('postLogoutRedirectUris', redirectUriMistake(uri, { allowSchemes, localAllowed: settings.localCallbacks }))
  }
  if (backchannelLogoutUrl) {
    add(
      'backchannelLogoutUrl',
      calledUrlMistake(backchannelLogoutUrl, settings.localCallbacks, 'the callback carries a logout token'),
    )
  }
  const ofResources = scopes.length === 0 ? [] : (await listResourceScopes(store)).map(({ scope }) => scope)
  add('scopes', scopeMistake(scopes, [...Object.keys(settings.scopes), ...ofResources]))
  if (uninstallUrl) {
    add(
      'uninstallUrl',
      calledUrlMistake(uninstallUrl, settings.localCallbacks, 'the callback carries the client secret'),
    )
    if (kind.isPublic) add('uninstallUrl', 'a public app has no secret to authenticate the callback with')
    if (kind.hasKeys) {
      add('uninstallUrl', 'an app that authenticates with keys has no secret to authenticate the callback with')
    }
  }
  for (const [path, other] of [
    ['jwks', 'jwksUri'],
    ['jwksUri', 'jwks'],
  ] as const) {
    add(path, keysMistake(kind, path, { jwks, jwksUri }[path], { jwks, jwksUri }[other]))
  }
  if (jwks?.keys.some(key => 'd' in key || 'k' in key)) {
    add('jwks', 'register public keys only; these include a private or shared one')
  }
  if (jwksUri) add('jwksUri', calledUrlMistake(jwksUri, settings.localCallbacks, 'it says which keys are the app’s'))
  if (jwks && jwksUri) add('jwksUri', 'register the keys or their address, not both')
  if (kind.profile === 'fapi2') mistakes.push(...fapi2Mistakes({ redirectUris, ...kind }))
  if (mistakes.length === 0) return
  throw new InputError(mistakes.map(({ path, message }) => `${path}: ${message}`).join('\n'), mistakes)
}

/** What is wrong with an entry for keys, whatever they are, beside the other. */
function keysMistake(
  { isPublic, before, hasKeys }: CheckedKind,
  path: 'jwks' | 'jwksUri',
  keys: unknown,
  others: unknown,
): string | undefined {
  if (!keys) {
    const areRemoved = keys === null && before?.[path] === true && !others
    return areRemoved ? 'an app that authenticates with keys must have some' : undefined
  }
  if (isPublic) return 'a public app does not authenticate'
  return before && !hasKeys ? 'this app authenticates with a secret; register another for keys' : undefined
}

function scopeMistake(scopes: readonly string[], configured: readonly string[]): string | undefined {
  if (!parseScopes(scopes.join(' '), 'standard')) {
    return 'a scope must not hold spaces, commas, quotes or backslashes'
  }
  const known = [...new Set([...knownScopes, ...configured])]
  const unknown = scopes.filter(scope => !known.includes(scope))
  if (unknown.length === 0) return undefined
  return `unknown scope ${unknown.join(', ')}. Known scopes: ${known.join(', ')}. Others are defined by "scopes" in the configuration, or by a resource server`
}
