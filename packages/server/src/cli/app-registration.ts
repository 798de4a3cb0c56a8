import type { Command } from 'commander'
import { type App, createApp, setApp } from '../apps/apps.ts'
import { findLookAlikes } from '../apps/look-alikes.ts'
import type { IdTokenAlgorithm } from '../config/id-token-algorithms.ts'
import type { AppName } from '../store/queries/apps.ts'
import type { CompatibilityProfile } from '../tokens/scopes.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { describeApp } from './app-facts.ts'
import { readIcon, readJson } from './app-files.ts'
import { idTokenAlgorithmOption, installOption, profileOption } from './app-options.ts'
import { collect, given, parseId, parseIdOrNone, parseRateLimits, parseYesOrNo } from './arguments.ts'
import { print } from './output.ts'

interface CreateOptions extends AdministrationOptions {
  company?: number
  name: string
  redirectUri: string[]
  scope?: string[]
  maker?: string
  icon?: string
  allowScheme?: string[]
  public?: boolean
  requirePkce?: boolean
  requirePar?: boolean
  requireDpop?: boolean
  deviceFlow?: boolean
  install: App['install']
  profile: CompatibilityProfile
  jwks?: string
  jwksUri?: string
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
  company?: number | 'none'
  maker?: string
  icon?: string
  allowScheme?: string[]
  requirePkce?: boolean
  requirePar?: boolean
  requireDpop?: boolean
  deviceFlow?: boolean
  install?: App['install']
  profile?: CompatibilityProfile
  jwks?: string
  jwksUri?: string
  uninstallUrl?: string
}

export function addCreateCommand(app: Command) {
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
    .option('--require-par', 'refuse its authorization requests that were not pushed')
    .option('--require-dpop', 'give it tokens only that are bound to a key')
    .option('--no-device-flow', 'it never signs people in on a screen other than its own')
    .option('--company <id>', 'whose people develop it; it is for them alone until `app publish`', parseId)
    .addOption(installOption().default('user'))
    .addOption(profileOption().default('standard'))
    .option('--jwks <file>', 'its public keys, to authenticate with private_key_jwt instead of a secret')
    .option('--jwks-uri <url>', 'where its public keys are, instead; they are read again when it changes them')
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
          companyId: options.company,
          name: options.name,
          maker: options.maker,
          icon: options.icon === undefined ? null : readIcon(options.icon),
          redirectUris: options.redirectUri,
          allowSchemes: options.allowScheme,
          scopes: splitScopes(options.scope),
          profile: options.profile,
          isPublic: options.public ?? false,
          requirePkce: options.requirePkce ?? false,
          requirePar: options.requirePar ?? false,
          requireDpop: options.requireDpop ?? false,
          deviceFlow: options.deviceFlow === false ? false : undefined,
          install: options.install,
          jwks: options.jwks === undefined ? null : readJson(options.jwks),
          jwksUri: options.jwksUri,
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
}

export function addSetCommand(app: Command) {
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
    .option('--require-par <yes|no>', 'whether its authorization requests must be pushed', parseYesOrNo)
    .option('--require-dpop <yes|no>', 'whether its tokens must be bound to a key', parseYesOrNo)
    .option('--device-flow <yes|no>', 'whether it may sign people in on another screen', parseYesOrNo)
    .addOption(installOption())
    .addOption(profileOption())
    .option('--jwks <file>', 'its public keys, instead of those before')
    .option('--jwks-uri <url>', 'where its public keys are, instead of those before')
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
    .option('--company <id>', 'whose people develop it from now on; "none" for the operators', parseIdOrNone)
    .option('--verified <yes|no>', 'whether you have found out who makes it; people are told', parseYesOrNo)
    .action(async (clientId: string, options: SetOptions) => {
      const { uninstallUrl } = options
      const { changed, alike } = await withRuntime(options, async runtime => {
        const changed = await setApp(
          runtime,
          clientId,
          given({
            companyId: options.company === 'none' ? null : options.company,
            name: options.name,
            maker: options.maker,
            icon: options.icon === undefined ? undefined : readIcon(options.icon),
            redirectUris: options.redirectUri,
            allowSchemes: options.redirectUri && options.allowScheme,
            scopes: splitScopes(options.scope),
            requirePkce: options.requirePkce,
            requirePar: options.requirePar,
            requireDpop: options.requireDpop,
            deviceFlow: options.deviceFlow,
            install: options.install,
            profile: options.profile,
            jwks: options.jwks === undefined ? undefined : readJson(options.jwks),
            jwksUri: options.jwksUri,
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
