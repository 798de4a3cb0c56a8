import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { type Command, Option } from 'commander'
import { type App, createApp, setDisabled, toApp } from '../apps/apps.ts'
import { rotateSecret } from '../apps/client-secrets.ts'
import { findApp, listApps } from '../store/queries/apps.ts'
import type { Wire } from '../tokens/scopes.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { collect } from './arguments.ts'
import { formatMoment, print, printRows } from './output.ts'
import { UsageError } from './usage-error.ts'

interface CreateOptions extends AdministrationOptions {
  name: string
  redirectUri: string[]
  scope?: string[]
  maker?: string
  icon?: string
  public?: boolean
  requirePkce?: boolean
  wire: Wire
  jwks?: string
  uninstallUrl?: string
}

export function addAppCommands(program: Command) {
  const app = program.command('app').description('apps: registered OAuth clients')

  administer(app.command('create').description('register an app; prints its client id and, once only, its secret'))
    .requiredOption('--name <name>', 'as people see it when they allow it')
    .requiredOption('--redirect-uri <uri>', 'where codes go; may stand several times', collect)
    .option('--scope <scope>', 'what it may ask for; may stand several times, or several in one', collect)
    .option('--maker <name>', 'who makes it, as people see it')
    .option('--icon <file>', 'PNG, JPEG, WebP or SVG, at most 64 KiB')
    .option('--public', 'it runs on its users’ devices and can keep no secret')
    .option('--require-pkce', 'refuse its requests without PKCE')
    .addOption(
      new Option('--wire <wire>', 'how it speaks OAuth').choices(['standard', 'pipedrive']).default('standard'),
    )
    .option('--jwks <file>', 'its public keys, to authenticate with private_key_jwt instead of a secret')
    .option('--uninstall-url <url>', 'hears of every installation that ends')
    .action(async (options: CreateOptions) => {
      const { app, clientSecret } = await withRuntime(options, async runtime => {
        if (options.uninstallUrl) await runtime.loadKeys()
        return createApp(runtime, {
          name: options.name,
          maker: options.maker,
          icon: options.icon === undefined ? null : readIcon(options.icon),
          redirectUris: options.redirectUri,
          scopes: options.scope?.flatMap(scope => scope.split(/[ ,]+/)).filter(scope => scope !== ''),
          wire: options.wire,
          isPublic: options.public ?? false,
          requirePkce: options.requirePkce ?? false,
          jwks: options.jwks === undefined ? null : readJson(options.jwks),
          uninstallUrl: options.uninstallUrl,
        })
      })
      const secretWords = clientSecret
        ? `client secret  ${clientSecret}   (shown this once)`
        : 'It has no client secret.'
      print(
        options,
        { ...describe(app), client_secret: clientSecret },
        `Registered ${app.name}.\nclient id      ${app.clientId}\n${secretWords}`,
      )
    })

  administer(app.command('list').description('all apps')).action(async (options: AdministrationOptions) => {
    const rows = await withRuntime(options, runtime => listApps(runtime.store))
    printRows(options, rows.map(toApp).map(describe), 'There are no apps yet.')
  })

  administer(app.command('rotate-secret').description('give an app a new secret; the old one ends at once'))
    .argument('<client-id>')
    .action(async (clientId: string, options: AdministrationOptions) => {
      const secret = await withRuntime(options, async runtime => {
        if ((await findApp(runtime.store, clientId))?.encrypted_secret) await runtime.loadKeys()
        return rotateSecret(runtime, clientId)
      })
      print(options, { client_id: clientId, client_secret: secret }, `client secret  ${secret}   (shown this once)`)
    })

  for (const [name, disabled, description] of [
    ['disable', true, 'refuse the app and its tokens from the next request on'],
    ['enable', false, 'let a disabled app in again'],
  ] as const) {
    administer(app.command(name).description(description))
      .argument('<client-id>')
      .action(async (clientId: string, options: AdministrationOptions) => {
        await withRuntime(options, runtime => setDisabled(runtime, clientId, disabled))
        print(options, { client_id: clientId, disabled }, `App ${clientId} is ${disabled ? 'disabled' : 'enabled'}.`)
      })
  }
}

function describe(app: App) {
  return {
    client_id: app.clientId,
    name: app.name,
    maker: app.maker,
    redirect_uris: app.redirectUris,
    scopes: app.scopes,
    wire: app.wire,
    public: app.isPublic,
    uninstall_url: app.uninstallUrl,
    disabled: app.disabledAt !== null,
    created_at: formatMoment(app.createdAt),
  }
}

const ICON_TYPES = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
} as const

function readIcon(path: string) {
  const type = ICON_TYPES[extname(path).toLowerCase() as keyof typeof ICON_TYPES]
  if (!type) throw new UsageError(`${path} is no icon: it must be a .png, .jpg, .webp or .svg file.`)
  return { type, bytes: new Uint8Array(readFile(path)) }
}

function readJson(path: string) {
  try {
    return JSON.parse(readFile(path).toString('utf8'))
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${path} is not JSON: ${(error as Error).message}.`)
  }
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}.`)
  }
}
