import { createHandler, type Handler, pathOf } from './handler.ts'
import type { Id } from './ids.ts'
import { linkCompany } from './install/link-company.ts'
import { type Authorization, type AuthorizeOptions, authorize } from './install/start.ts'
import { aboutLink, type Link } from './link.ts'
import { disconnect, forget } from './links/disconnect.ts'
import { createLinks, keyOf, type LinkReference, type Links } from './links/links.ts'
import { chooseLocale, type Locale } from './locale/locale.ts'
import { type ConnectOptions, createKit, type Kit } from './options.ts'
import type { Identity } from './provider/identity.ts'
import { authorizedFetch } from './tokens/authorized-fetch.ts'
import { FreshTokens } from './tokens/fresh-tokens.ts'
import { type KeepAliveOptions, type KeepAliveResult, keepAlive } from './tokens/keep-alive.ts'
import { type RewrapProgress, rewrapTokens } from './tokens/rewrap.ts'

/** The kit, for one provider. */
export interface Connect<I extends Id = number> {
  /** Serves the start path, the redirect URI's path and the kit's own pages; 404 for everything else. */
  handler: Handler
  /** Whether the handler answers this path. */
  handles(pathname: string): boolean
  /** Where installs begin: `GET` for an install or a sign-in, `POST` to add a company to the signed-in account. */
  startPath: string
  links: Links<I>
  /**
   * An access token that works, refreshed where it is about to end; one refresh at a time in all processes.
   * @throws {ConnectError} `link_missing`, `needs_reauthorization`, `disconnected`, `provider_unavailable`
   */
  accessToken(reference: LinkReference<I>): Promise<string>
  /** `fetch` on the provider's API as that user at that company. A path is on the company's own API. */
  fetch(reference: LinkReference<I>, target: string | URL, init?: RequestInit): Promise<Response>
  /** The address to send a browser to, and the cookies that go with it: for what the start path cannot serve. */
  authorize(options?: AuthorizeOptions<I>): Promise<Authorization>
  /** Refreshes tokens that were not used for long, before they expire at the provider: for a daily job. */
  keepAlive(options?: KeepAliveOptions): Promise<KeepAliveResult>
  /**
   * The link of a company where the app is installed for everyone, made by the app's own credentials where there is none yet; undefined
   * where it is not installed. Only for providers with `clientCredentials`.
   */
  linkCompany(companyId: I): Promise<Link<I> | undefined>
  /** Asks the provider again who this is, and stores the result with the link. */
  identify(reference: LinkReference<I>): Promise<Identity<I>>
  /** Ends a link from the app's side, at the provider too. */
  disconnect(reference: LinkReference<I>): Promise<void>
  /** Disconnects and deletes a link. */
  forget(reference: LinkReference<I>): Promise<void>
  /** The language for a person among the app's, with formatters. */
  locale(identity?: Identity<I>, request?: Request): Locale
  /** Encrypts all tokens under the current key. */
  rewrap(onProgress?: (progress: RewrapProgress) => void): Promise<RewrapProgress>
}

/** What an adapter needs of a kit, whatever its ids are. */
export type Mountable = Pick<Connect, 'handler' | 'handles'>

/**
 * Makes the kit. Options are checked at once.
 * @throws {ConnectError} `configuration_invalid`
 * @example
 * ```ts
 * import { createAccount, createConnect, memoryStore, tenantry, useAccount } from '@tenantry/connect'
 * const connect = createConnect({
 *   provider: tenantry({ issuer: 'https://id.example.com' }),
 *   clientId: 'my-app',
 *   clientSecret: 'the secret that was shown at the registration',
 *   redirectUri: 'https://app.example/connect/callback',
 *   store: memoryStore(),
 *   encryptionKeys: ['MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='],
 *   onInstall({ identity, link }) {
 *     if (link) return useAccount(link.accountId)
 *     return createAccount(() => `account of ${identity.key}`)
 *   },
 * })
 * const start = await connect.handler(new Request('https://app.example/connect/start'))
 * console.log(start.status)
 * ```
 */
export function createConnect<I extends Id = number>(options: ConnectOptions<I>): Connect<I> {
  const kit = createKit(options as unknown as ConnectOptions<Id>)
  return connectOf(kit) as unknown as Connect<I>
}

function connectOf(kit: Kit): Connect<Id> {
  const freshTokens = new FreshTokens(kit)
  const paths = new Set([kit.startPath, kit.stylesheetPath, kit.donePath, pathOf(kit, kit.redirectUri.pathname)])
  return {
    handler: createHandler(kit),
    handles: pathname => paths.has(pathOf(kit, pathname)),
    startPath: kit.startPath,
    links: createLinks(kit),
    accessToken: async reference => (await freshTokens.get(keyOf(kit, reference))).tokens.accessToken,
    fetch: (reference, target, init) => authorizedFetch(kit, freshTokens, keyOf(kit, reference), target, init),
    authorize: (options = {}) => authorize(kit, options),
    keepAlive: options => keepAlive(kit, freshTokens, options),
    linkCompany: companyId => linkCompany(kit, companyId),
    async identify(reference) {
      const { link, tokens } = await freshTokens.get(keyOf(kit, reference))
      const identity = await kit.oauth.identify(tokens.accessToken, link.apiDomain, aboutLink(link))
      await kit.store.replaceLink({ ...link, identity: JSON.stringify(identity), version: link.version + 1 })
      return identity
    },
    disconnect: reference => disconnect(kit, reference),
    forget: reference => forget(kit, reference),
    locale: (identity, request) =>
      chooseLocale({ identity, languages: kit.languages, acceptLanguage: request?.headers.get('Accept-Language') }),
    rewrap: onProgress => rewrapTokens(kit.store, kit.keyring, { name: kit.provider.name, ids: kit.ids }, onProgress),
  }
}
