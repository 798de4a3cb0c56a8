import { type Command, Option } from 'commander'
import { createApp, deleteApp, findRegisteredApp, setApp, setDisabled, toApp } from '../apps/apps.ts'
import { listSecrets, rotateSecret } from '../apps/client-secrets.ts'
import { findLookAlikes } from '../apps/look-alikes.ts'
import { InputError } from '../companies/input.ts'
import { ID_TOKEN_ALGORITHMS, type IdTokenAlgorithm } from '../config/id-token-algorithms.ts'
import { type AppName, listApps } from '../store/queries/apps.ts'
import type { CompatibilityProfile } from '../tokens/scopes.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { describeApp, describeSecret } from './app-facts.ts'
import { readIcon, readJson } from './app-files.ts'
import { collect, given, parseDuration, parseRateLimits, parseYesOrNo } from './arguments.ts'
import { type ConfirmationOptions, confirm, destructive } from './confirm.ts'
import { type ListOptions, listing, pageOf, printPage } from './lists.ts'
import { formatMoment, print, printFacts } from './output.ts'

interface CreateOptions extends AdministrationOptions {
  name: string
  redirectUri: string[]
  scope?: string[]
  maker?: string
  icon?: string
  allowScheme?: string[]
  public?: boolean
  requirePkce?: boolean
  profile: CompatibilityProfile
  jwks?: string
  uninstallUrl?: string
  homeUrl?: string
  privacyUrl?: string
  termsUrl?: string
  rateLimit?: string[]
  idTokenAlgorithm?: IdTokenAlgorithm
  postLogoutRedirectUri?: string[]
  backchannelLogoutUrl?: string
}

interface SetOptions
  extends AdministrationOptions,
    Partial<
      Pick<
        CreateOptions,
        | 'name'
        | 'redirectUri'
        | 'scope'
        | 'homeUrl'
        | 'privacyUrl'
        | 'termsUrl'
        | 'rateLimit'
        | 'idTokenAlgorithm'
        | 'postLogoutRedirectUri'
        | 'backchannelLogoutUrl'
      >
    > {
  verified?: boolean
  maker?: string
  icon?: string
  allowScheme?: string[]
  requirePkce?: boolean
  profile?: CompatibilityProfile
  uninstallUrl?: string
}

export function addAppCommands(program: Command) {
  const app = program.command('app').description('apps: registered OAuth clients')

  administer(app.command('create').description('register an app; prints its client id and, once only, its secret'))
    .requiredOption('--name <name>', 'as people see it when they allow it')
    .requiredOption('--redirect-uri <uri>', 'where codes go; may be repeated', collect)
    .option('--scope <scope>', 'what it may ask for; may be repeated, or hold several', collect)
    .option('--config <file>', 'the configuration file of the server, for the scopes that it defines (TENANTRY_CONFIG)')
    .option('--maker <name>', 'who makes it, as people see it')
    .option('--icon <file>', 'PNG, JPEG, WebP or SVG, at most 64 KiB')
    .option('--allow-scheme <name>', 'a scheme without a dot that redirect URIs may have, such as cursor', collect)
    .option('--public', 'it runs on its users’ devices and can keep no secret')
    .option('--require-pkce', 'refuse its requests without PKCE')
    .addOption(
      new Option('--profile <profile>', 'how it speaks OAuth').choices(['standard', 'pipedrive']).default('standard'),
    )
    .option('--jwks <file>', 'its public keys, to authenticate with private_key_jwt instead of a secret')
    .option('--uninstall-url <url>', 'called for every installation that ends')
    .option('--home-url <url>', 'a page about it, for people who are to allow it')
    .option('--privacy-url <url>', 'its privacy policy')
    .option('--terms-url <url>', 'its terms of use')
    .option(
      '--rate-limit <group=number>',
      'requests a minute instead of the configured ones: token, introspect, api or me; may be repeated',
      collect,
    )
    .addOption(idTokenAlgorithmOption())
    .option('--post-logout-redirect-uri <uri>', 'where people may go after they signed out; may be repeated', collect)
    .option('--backchannel-logout-url <url>', 'told of every session that ends')
    .action(async (options: CreateOptions) => {
      const { app, clientSecret, alike } = await withRuntime(options, async runtime => {
        const created = await createApp(runtime, {
          name: options.name,
          maker: options.maker,
          icon: options.icon === undefined ? null : readIcon(options.icon),
          redirectUris: options.redirectUri,
          allowSchemes: options.allowScheme,
          scopes: splitScopes(options.scope),
          profile: options.profile,
          isPublic: options.public ?? false,
          requirePkce: options.requirePkce ?? false,
          jwks: options.jwks === undefined ? null : readJson(options.jwks),
          uninstallUrl: options.uninstallUrl,
          homeUrl: options.homeUrl,
          privacyUrl: options.privacyUrl,
          termsUrl: options.termsUrl,
          rateLimits: parseRateLimits(options.rateLimit),
          idTokenAlgorithm: options.idTokenAlgorithm,
          postLogoutRedirectUris: options.postLogoutRedirectUri,
          backchannelLogoutUrl: options.backchannelLogoutUrl,
        })
        return { ...created, alike: await findLookAlikes(runtime, created.app) }
      })
      warnOfLookAlikes(alike)
      const secretWords = clientSecret
        ? `client secret  ${clientSecret}   (shown this once)`
        : 'It has no client secret.'
      print(
        options,
        { ...describeApp(app), client_secret: clientSecret },
        `Registered ${app.name}.\nclient id      ${app.clientId}\n${secretWords}`,
      )
    })

  listing(administer(app.command('list').description('apps, the oldest first')))
    .option('--search <text>', 'only those whose name or client id holds it')
    .action(async (options: ListOptions & { search?: string }) => {
      const query = { ...pageOf(options), ...(options.search !== undefined && { search: options.search }) }
      const rows = await withRuntime(options, runtime => listApps(runtime.store, query))
      printPage(options, rows.map(toApp).map(describeApp), 'There are no apps yet.')
    })

  administer(app.command('show').description('one app, with the age and the last use of its client secrets'))
    .argument('<client-id>')
    .action(async (clientId: string, options: AdministrationOptions) => {
      const facts = await withRuntime(options, async runtime => {
        const found = await findRegisteredApp(runtime, clientId)
        if (!found) throw new InputError(`There is no app ${clientId}.`)
        const looks_like = (await findLookAlikes(runtime, found)).map(({ client_id }) => client_id)
        return { ...describeApp(found), looks_like, secrets: (await listSecrets(runtime, found)).map(describeSecret) }
      })
      printFacts(options, facts)
    })

  administer(app.command('set').description('change what is registered of an app; its client id and secret stay'))
    .argument('<client-id>')
    .option('--name <name>', 'as people see it when they allow it')
    .option('--redirect-uri <uri>', 'where codes go, instead of those before; may be repeated', collect)
    .option('--scope <scope>', 'what it may ask for, instead of what it might before; may be repeated', collect)
    .option('--config <file>', 'the configuration file of the server, for the scopes that it defines (TENANTRY_CONFIG)')
    .option('--maker <name>', 'who makes it, as people see it')
    .option('--icon <file>', 'PNG, JPEG, WebP or SVG, at most 64 KiB')
    .option('--allow-scheme <name>', 'a scheme without a dot that redirect URIs may have, such as cursor', collect)
    .option('--require-pkce <yes|no>', 'whether its requests are refused without PKCE', parseYesOrNo)
    .addOption(new Option('--profile <profile>', 'how it speaks OAuth').choices(['standard', 'pipedrive']))
    .option('--uninstall-url <url>', 'called for every installation that ends; "none" to remove it')
    .option('--home-url <url>', 'a page about it, for people who are to allow it; "none" to remove it, as below')
    .option('--privacy-url <url>', 'its privacy policy')
    .option('--terms-url <url>', 'its terms of use')
    .option(
      '--rate-limit <group=number>',
      'requests a minute instead of the configured ones: token, introspect, api or me; may be repeated; "none" for the configured ones',
      collect,
    )
    .addOption(idTokenAlgorithmOption())
    .option(
      '--post-logout-redirect-uri <uri>',
      'where people may go after they signed out, instead of those before; may be repeated',
      collect,
    )
    .option('--backchannel-logout-url <url>', 'told of every session that ends; "none" to remove it')
    .option('--verified <yes|no>', 'whether you have found out who makes it; people are told', parseYesOrNo)
    .action(async (clientId: string, options: SetOptions) => {
      const { uninstallUrl } = options
      const { changed, alike } = await withRuntime(options, async runtime => {
        const changed = await setApp(
          runtime,
          clientId,
          given({
            name: options.name,
            maker: options.maker,
            icon: options.icon === undefined ? undefined : readIcon(options.icon),
            redirectUris: options.redirectUri,
            allowSchemes: options.redirectUri && options.allowScheme,
            scopes: splitScopes(options.scope),
            requirePkce: options.requirePkce,
            profile: options.profile,
            uninstallUrl: noneAsNull(uninstallUrl),
            homeUrl: noneAsNull(options.homeUrl),
            privacyUrl: noneAsNull(options.privacyUrl),
            termsUrl: noneAsNull(options.termsUrl),
            rateLimits: parseRateLimits(options.rateLimit),
            idTokenAlgorithm: options.idTokenAlgorithm,
            postLogoutRedirectUris: options.postLogoutRedirectUri,
            backchannelLogoutUrl: noneAsNull(options.backchannelLogoutUrl),
            verified: options.verified,
          }),
        )
        return { changed, alike: options.name === undefined ? [] : await findLookAlikes(runtime, changed) }
      })
      warnOfLookAlikes(alike)
      print(options, describeApp(changed), `App ${clientId} is changed.`)
      if (changed.uninstallUrl !== null && !changed.keepsSecret) {
        console.error(
          `Only a hash of its client secret is stored, so the callback cannot be authenticated yet. Give it a new secret with \`tenantry app rotate-secret ${clientId} --keep-old 24h\`.`,
        )
      }
    })

  destructive(
    administer(app.command('delete').description('remove an app with its installations, tokens and pending callbacks')),
  )
    .argument('<client-id>')
    .action(async (clientId: string, options: AdministrationOptions & ConfirmationOptions) => {
      await withRuntime(options, async runtime => {
        const found = await findRegisteredApp(runtime, clientId)
        if (!found) throw new InputError(`There is no app ${clientId}.`)
        if (!(await confirm(options, `The app ${clientId}, ${found.name}, loses its installations and is deleted`)))
          return
        const installations = await deleteApp(runtime, clientId)
        print(
          options,
          { client_id: clientId, deleted: true, installations },
          `App ${clientId} is deleted, with ${installations} installations.`,
        )
      })
    })

  administer(app.command('rotate-secret').description('give an app a new secret; the one before ends at once'))
    .argument('<client-id>')
    .option('--keep-old <time>', 'how long the one before is still accepted, such as 24h', parseDuration)
    .action(async (clientId: string, options: AdministrationOptions & { keepOld?: number }) => {
      const { keepOld = 0 } = options
      const secret = await withRuntime(options, runtime => rotateSecret(runtime, clientId, { keepOld }))
      const until = keepOld > 0 ? formatMoment(Date.now() + keepOld) : null
      print(
        options,
        { client_id: clientId, client_secret: secret, old_secret_until: until },
        [
          `client secret  ${secret}   (shown this once)`,
          ...(until ? [`The one before is accepted until ${until}.`] : []),
        ].join('\n'),
      )
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

function idTokenAlgorithmOption(): Option {
  return new Option('--id-token-algorithm <name>', 'how its ID tokens are signed; RS256 when not given').choices([
    ...ID_TOKEN_ALGORITHMS,
  ])
}

function splitScopes(scopes: readonly string[] | undefined): string[] | undefined {
  return scopes?.flatMap(scope => scope.split(/[ ,]+/)).filter(scope => scope !== '')
}

/** People are warned as well when they allow it, unless it is verified. */
function warnOfLookAlikes(alike: readonly AppName[]) {
  for (const { client_id, name } of alike) {
    console.error(`Its name looks like that of ${name} (${client_id}). People are told so until it is verified.`)
  }
}

function noneAsNull(text: string | undefined): string | null | undefined {
  return text === 'none' ? null : text
}
