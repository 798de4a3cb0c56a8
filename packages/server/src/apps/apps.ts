import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { checkInput, displayName, InputError } from '../companies/input.ts'
import { decrypt, encrypt } from '../config/keys.ts'
import type { Runtime } from '../config/runtime.ts'
import { type AppRow, findApp, insertApp, setAppDisabled, setAppSecret } from '../store/queries/apps.ts'
import { ConstraintViolation } from '../store/store.ts'
import { parseScopes, storedScopes, type Wire } from '../tokens/scopes.ts'
import { hashSecret, newClientSecret } from '../tokens/token-text.ts'
import { redirectUriMistake } from './redirect-uri.ts'
import { uninstallUrlMistake } from './uninstall-url.ts'

/** A registered OAuth client. */
export interface App {
  clientId: string
  name: string
  maker: string | null
  redirectUris: string[]
  scopes: string[]
  wire: Wire
  isPublic: boolean
  requirePkce: boolean
  uninstallUrl: string | null
  disabledAt: number | null
  createdAt: number
  hasIcon: boolean
  /** Its public keys as a JSON Web Key Set, if it authenticates with `private_key_jwt`. */
  jwks: string | null
  secretHash: Uint8Array | null
}

const LARGEST_ICON = 64 * 1024

const newApp = z
  .strictObject({
    clientId: z
      .string()
      .regex(/^[A-Za-z0-9._~-]{1,64}$/)
      .optional(),
    /** One that the app has from elsewhere; a new one is made when not given. */
    clientSecret: z
      .string()
      .regex(/^[\x21-\x7e]{16,256}$/, 'must be 16 to 256 visible ASCII characters')
      .optional(),
    name: displayName,
    /** Who makes it, as people are told when they allow it. */
    maker: displayName.nullish(),
    icon: z
      .strictObject({
        type: z.enum(['image/png', 'image/jpeg', 'image/webp', 'image/svg+xml']),
        bytes: z.instanceof(Uint8Array).refine(bytes => bytes.length <= LARGEST_ICON, 'must be at most 64 KiB'),
      })
      .nullish(),
    redirectUris: z.array(z.string()).min(1, 'at least one is needed'),
    scopes: z.array(z.string()).default(['base']),
    wire: z.enum(['standard', 'pipedrive']).default('standard'),
    isPublic: z.boolean().default(false),
    requirePkce: z.boolean().default(false),
    jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1) }).nullish(),
    uninstallUrl: z.string().nullish(),
    /** Keeps the secret encrypted even with no uninstall URL; the sandbox prints it again at its next start. */
    keepSecret: z.boolean().default(false),
  })
  .superRefine((app, context) => {
    for (const uri of app.redirectUris) {
      const mistake = redirectUriMistake(uri)
      if (mistake) context.addIssue({ code: 'custom', path: ['redirectUris'], message: mistake })
    }
    if (!parseScopes(app.scopes.join(' '), 'standard')) {
      context.addIssue({
        code: 'custom',
        path: ['scopes'],
        message: 'a scope must not hold spaces, commas, quotes or backslashes',
      })
    }
    if (app.isPublic && app.uninstallUrl) {
      context.addIssue({
        code: 'custom',
        path: ['uninstallUrl'],
        message: 'a public app has no secret to authenticate the callback with',
      })
    }
    if (app.jwks && app.uninstallUrl) {
      context.addIssue({
        code: 'custom',
        path: ['uninstallUrl'],
        message: 'an app that authenticates with keys has no secret to authenticate the callback with',
      })
    }
    if (app.jwks && app.isPublic) {
      context.addIssue({ code: 'custom', path: ['jwks'], message: 'a public app does not authenticate' })
    }
    if (app.jwks?.keys.some(key => 'd' in key || 'k' in key)) {
      context.addIssue({
        code: 'custom',
        path: ['jwks'],
        message: 'register public keys only; these include a private or shared one',
      })
    }
  })

export type NewApp = z.input<typeof newApp>

/** Registers an app; `clientSecret` is shown this once; null for a public app and one with keys. */
export async function createApp(runtime: Runtime, input: NewApp): Promise<{ app: App; clientSecret: string | null }> {
  const { store, clock, keys, settings } = runtime
  const given = checkInput(newApp, input)
  const mistake = given.uninstallUrl && uninstallUrlMistake(given.uninstallUrl, settings.localCallbacks)
  if (mistake) throw new InputError(mistake)
  const clientId = given.clientId ?? randomBytes(8).toString('hex')
  const clientSecret = given.isPublic || given.jwks ? null : (given.clientSecret ?? newClientSecret())
  const keepsSecret = clientSecret !== null && (given.uninstallUrl || given.keepSecret)
  const row: AppRow = {
    client_id: clientId,
    name: given.name,
    maker: given.maker ?? null,
    icon_type: given.icon?.type ?? null,
    icon: given.icon?.bytes ?? null,
    redirect_uris: JSON.stringify(given.redirectUris),
    scopes: parseScopes(given.scopes.join(' '), 'standard')!.join(' '),
    wire: given.wire,
    public: given.isPublic ? 1 : 0,
    require_pkce: given.requirePkce || given.isPublic ? 1 : 0,
    jwks: given.jwks ? JSON.stringify(given.jwks) : null,
    secret_hash: clientSecret === null ? null : hashSecret(clientSecret),
    encrypted_secret: keepsSecret ? encrypt(keys, clientSecret, clientId) : null,
    uninstall_url: given.uninstallUrl ?? null,
    disabled_at: null,
    created_at: clock(),
  }
  try {
    await store.write([insertApp(store, row)])
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    throw new InputError(`The client id ${clientId} belongs to another app.`)
  }
  return { app: toApp(row), clientSecret }
}

/** Gives the app a new secret; the one before is refused from the next request on. */
export async function rotateSecret({ store, keys }: Runtime, clientId: string): Promise<string> {
  const app = await requireApp(store, clientId)
  if (app.secret_hash === null)
    throw new InputError(`${clientId} is a public app or authenticates with keys: it has no secret.`)
  const secret = newClientSecret()
  const encrypted = app.encrypted_secret === null ? null : encrypt(keys, secret, clientId)
  await store.write([setAppSecret(store, clientId, hashSecret(secret), encrypted)])
  return secret
}

/** A disabled app can do nothing, and its tokens are refused; installations stay for when it is enabled again. */
export async function setDisabled({ store, clock }: Runtime, clientId: string, disabled: boolean): Promise<void> {
  await requireApp(store, clientId)
  await store.write([setAppDisabled(store, clientId, disabled ? clock() : null)])
}

/** The secret of an app that keeps it encrypted, or undefined where it cannot be read. */
export function readKeptSecret({ keys }: Runtime, row: AppRow): string | undefined {
  return row.encrypted_secret === null ? undefined : decrypt(keys, row.encrypted_secret, row.client_id)
}

export async function findRegisteredApp({ store }: Runtime, clientId: string): Promise<App | undefined> {
  const row = await findApp(store, clientId)
  return row && toApp(row)
}

export function toApp(row: AppRow): App {
  return {
    clientId: row.client_id,
    name: row.name,
    maker: row.maker,
    redirectUris: JSON.parse(row.redirect_uris),
    scopes: storedScopes(row.scopes),
    wire: row.wire,
    isPublic: row.public === 1,
    requirePkce: row.require_pkce === 1,
    uninstallUrl: row.uninstall_url,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
    hasIcon: row.icon !== null,
    jwks: row.jwks,
    secretHash: row.secret_hash,
  }
}

async function requireApp(store: Runtime['store'], clientId: string): Promise<AppRow> {
  const app = await findApp(store, clientId)
  if (!app) throw new InputError(`There is no app ${clientId}.`)
  return app
}
