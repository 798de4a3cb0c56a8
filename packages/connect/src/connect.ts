import { createHandler, type Handler, pathOf } from './handler.ts'
import { type Authorization, type AuthorizeOptions, authorize } from './install/start.ts'
import { disconnect, forget } from './links/disconnect.ts'
import { createLinks, keyOf, type LinkReference, type Links } from './links/links.ts'
import { chooseLocale, type Locale } from './locale/locale.ts'
import { type ConnectOptions, createKit } from './options.ts'
import type { Identity } from './provider/identity.ts'
import { authorizedFetch } from './tokens/authorized-fetch.ts'
import { FreshTokens } from './tokens/fresh-tokens.ts'
import { type KeepAliveOptions, type KeepAliveResult, keepAlive } from './tokens/keep-alive.ts'
import { type RewrapProgress, rewrapTokens } from './tokens/rewrap.ts'

/** The kit, for one provider. */
export interface Connect {
  /** Answers the start path and the redirect URI's path; 404 for all else. */
  handler: Handler
  /** Whether the handler answers this path. */
  handles(pathname: string): boolean
  /** Where installs begin: `GET` for an install or a sign-in, `POST` to add a company to the signed-in account. */
  startPath: string
  links: Links
  /**
   * An access token that works, refreshed where it is about to end; one refresh at a time in all processes.
   * @throws {ConnectError} `link_missing`, `needs_reauthorization`, `disconnected`, `provider_unavailable`
   */
  accessToken(reference: LinkReference): Promise<string>
  /** `fetch` on the provider's API as that user at that company. A path is on the company's own API. */
  fetch(reference: LinkReference, target: string | URL, init?: RequestInit): Promise<Response>
  /** The address to send a browser to, and the cookies that go with it: for what the start path cannot serve. */
  authorize(options?: AuthorizeOptions): Promise<Authorization>
  /** Refreshes tokens that nobody has used for long, before the provider lets them die: for a daily job. */
  keepAlive(options?: KeepAliveOptions): Promise<KeepAliveResult>
  /** Asks the provider anew who this is, and keeps the answer with the link. */
  identify(reference: LinkReference): Promise<Identity>
  /** Ends a link from the app's side, at the provider too. */
  disconnect(reference: LinkReference): Promise<void>
  /** Disconnects and deletes a link. */
  forget(reference: LinkReference): Promise<void>
  /** The language for a person among the app's, with formatters. */
  locale(identity?: Identity, request?: Request): Locale
  /** Encrypts all tokens under the current key. */
  rewrap(onProgress?: (progress: RewrapProgress) => void): Promise<RewrapProgress>
}

/**
 * Makes the kit. Options are checked at once.
 * @throws {ConnectError} `configuration_invalid`
 */
export function createConnect(options: ConnectOptions): Connect {
  const kit = createKit(options)
  const freshTokens = new FreshTokens(kit)
  const paths = new Set([kit.startPath, kit.stylesheetPath, pathOf(kit, kit.redirectUri.pathname)])
  return {
    handler: createHandler(kit),
    handles: pathname => paths.has(pathOf(kit, pathname)),
    startPath: kit.startPath,
    links: createLinks(kit),
    accessToken: async reference => (await freshTokens.get(keyOf(kit, reference))).tokens.accessToken,
    fetch: (reference, target, init) => authorizedFetch(kit, freshTokens, keyOf(kit, reference), target, init),
    authorize: (options = {}) => authorize(kit, options),
    keepAlive: options => keepAlive(kit, freshTokens, options),
    async identify(reference) {
      const { link, tokens } = await freshTokens.get(keyOf(kit, reference))
      const identity = await kit.oauth.identify(tokens.accessToken, link.apiDomain)
      await kit.store.replaceLink({ ...link, identity: JSON.stringify(identity), version: link.version + 1 })
      return identity
    },
    disconnect: reference => disconnect(kit, reference),
    forget: reference => forget(kit, reference),
    locale: (identity, request) =>
      chooseLocale({ identity, languages: kit.languages, acceptLanguage: request?.headers.get('Accept-Language') }),
    rewrap: onProgress => rewrapTokens(kit.store, kit.keyring, kit.provider.name, onProgress),
  }
}
