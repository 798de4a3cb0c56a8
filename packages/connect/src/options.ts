import { ConnectError } from './errors.ts'
import type { Id, IdKind } from './ids.ts'
import type { InstallAnswer, InstallQuestion } from './install-answer.ts'
import { createKeyring, type Keyring } from './keys/keyring.ts'
import type { Link } from './link.ts'
import type { Locale } from './locale/locale.ts'
import { type Brand, brandMistake } from './pages/brand.ts'
import { messages } from './pages/messages.ts'
import type { Page } from './pages/page.ts'
import { firstTag, type Identity } from './provider/identity.ts'
import { createOAuthClient, type Fetch, type OAuthClient } from './provider/oauth-client.ts'
import { isLoopback, type Provider } from './provider/provider.ts'
import type { LinkStore } from './store/store.ts'
import { withTimeLimit } from './store/time-limit.ts'

/** An install that has been linked. */
export interface Linked<I extends Id = number> {
  identity: Identity<I>
  link: Link<I>
  accountId: string
  /** The account was made by this install. */
  created: boolean
  /** Where the person came from, a path on this app; null where the start did not say. */
  returnTo: string | null
  /** The person's language, direction and formatters. */
  locale: Locale
  request: Request
}

// biome-ignore lint/suspicious/noConfusingVoidType: a hook may end without a return
export type LinkedAnswer = Response | { headers: HeadersInput } | undefined | void

/** What `new Headers()` takes; the name that the DOM library has for it is not there without it. */
export type HeadersInput = ConstructorParameters<typeof Headers>[0]

export interface ConnectOptions<I extends Id = number> {
  provider: Provider<I>
  clientId: string
  clientSecret: string
  /** The callback, as it is registered: where the handler answers, for installs and for uninstalls. */
  redirectUri: string
  store: LinkStore
  /** Keys for the tokens, each at least 32 characters, the current one first; earlier ones can still be read. */
  encryptionKeys: readonly string[]
  /** Whose account an install belongs to: `useAccount`, `createAccount` or `refuse`. */
  onInstall(question: InstallQuestion<I>): InstallAnswer | Promise<InstallAnswer>
  /** The account that is signed in to the app in this request, by the app's own session; null when none is. */
  currentAccount?(request: Request): string | null | Promise<string | null>
  /** After the link is stored: headers for the response (the app's session cookie), or a response of your own. */
  onLinked?(linked: Linked<I>): LinkedAnswer | Promise<LinkedAnswer>
  /** The user removed the app at the provider; the tokens are erased. It may be called twice. */
  onUninstall?(link: Link<I>): void | Promise<void>
  /** The provider refused the refresh: the user must allow the app again. Called once. */
  onNeedsReauthorization?(link: Link<I>): void | Promise<void>
  /** The scopes to ask for; all that the app is registered for if not set. */
  scopes?: readonly string[]
  /** The app's languages as BCP 47 tags, the default first: what `locale` chooses from. Those of the kit's pages unless said. */
  languages?: readonly string[]
  /** Shows the pages of the flow in the app's own look. Undefined shows the kit's. */
  renderPage?(page: Page<I>): Response | undefined | Promise<Response | undefined>
  /** Whose pages the kit's are: name, logo and colour. */
  brand?: Brand
  /** Where errors of hooks and of the kit go, each with an id that the person is shown; `console.error` unless given. */
  onError?(error: unknown, id: string): void
  /** How far ahead of its end a token is refreshed, in milliseconds; a minute unless said. */
  refreshAhead?: number
  /** How long one request to the provider may take, in milliseconds; ten seconds unless said. */
  timeout?: number
  /** The longest that `fetch` waits when the provider says 429, in milliseconds; 30 seconds unless said. */
  longestWait?: number
  /** How long one call of the store may take, in milliseconds; ten seconds unless said. */
  storeTimeout?: number
  /**
   * Where installs begin, a path; in the folder of the callback if not set. Two kits with callbacks in one folder need two.
   */
  startPath?: string
  /**
   * The beginning of the redirect URI's path that this server does not see, since a proxy or framework takes it off, such
   * as `/app`.
   */
  basePath?: string
  /** Instead of the global one. */
  fetch?: Fetch
  /** Milliseconds since 1970; for tests. */
  clock?: () => number
  /** A pause that can be aborted; for tests. */
  wait?(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/** What every module of the kit works with. */
export interface Kit {
  provider: Provider<Id>
  /** What the provider's ids are. */
  ids: IdKind
  clientId: string
  clientSecret: string
  redirectUri: URL
  startPath: string
  stylesheetPath: string
  /** Where the page is that says who is connected where. */
  donePath: string
  basePath: string
  store: LinkStore
  keyring: Keyring
  oauth: OAuthClient
  fetch: Fetch
  clock: () => number
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>
  refreshAhead: number
  longestWait: number
  languages: readonly string[]
  brand: Brand
  hooks: Pick<
    ConnectOptions<Id>,
    'onInstall' | 'currentAccount' | 'onLinked' | 'onUninstall' | 'onNeedsReauthorization' | 'renderPage'
  >
  onError(error: unknown, id: string): void
}

/** @throws {ConnectError} `configuration_invalid`, with what is wrong */
export function createKit(options: ConnectOptions<Id>): Kit {
  const { provider, clientId, clientSecret, store } = options
  for (const [name, value] of Object.entries({ clientId, clientSecret })) {
    if (typeof value !== 'string' || value === '') {
      throw invalid(`${name}: missing; give the app's, as the provider gave it`)
    }
  }
  if (!provider?.name) throw invalid('provider: missing; pipedrive(), tenantry({ issuer }) or an object of your own')
  if (!store?.acquireLease)
    throw invalid('store: missing; one of the kit, such as sqliteStore(path), or one of your own')
  if (typeof options.onInstall !== 'function')
    throw invalid('onInstall: missing; a function that says whose account an install belongs to')
  const redirectUri = checkRedirectUri(options.redirectUri)
  // Called as a plain function: some runtimes refuse a `fetch` that is taken off its global.
  const fetch: Fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  const clock = options.clock ?? Date.now
  const onError = options.onError ?? ((error: unknown, id: string) => console.error(`@tenantry/connect ${id}`, error))
  const startPath = checkStartPath(options.startPath, redirectUri)
  return {
    provider,
    ids: checkIds(provider.ids),
    clientId,
    clientSecret,
    redirectUri,
    startPath,
    ...pagePaths(startPath, options.startPath !== undefined),
    basePath: checkBasePath(options.basePath ?? '', redirectUri),
    store: withTimeLimit(store, options.storeTimeout ?? 10_000),
    keyring: createKeyring(options.encryptionKeys ?? []),
    oauth: createOAuthClient({
      provider,
      clientId,
      clientSecret,
      fetch,
      clock,
      redirectUri: redirectUri.href,
      scopes: options.scopes ?? [],
      timeout: options.timeout ?? 10_000,
      report: error => onError(error, crypto.randomUUID().slice(0, 8)),
    }),
    fetch,
    clock,
    wait: options.wait ?? pause,
    refreshAhead: options.refreshAhead ?? 60_000,
    longestWait: options.longestWait ?? 30_000,
    languages: checkLanguages(options.languages ?? Object.keys(messages)),
    brand: checkBrand(options.brand ?? {}),
    hooks: options,
    onError,
  }
}

function checkIds(ids: IdKind = 'integer'): IdKind {
  if (ids !== 'integer' && ids !== 'text') throw invalid('provider: its ids are integer or text')
  return ids
}

function checkRedirectUri(redirectUri: string): URL {
  if (redirectUri === undefined) throw invalid('redirectUri: missing; a whole address, as it is registered')
  if (!URL.canParse(redirectUri)) throw invalid('redirectUri: a whole address, as it is registered')
  const url = new URL(redirectUri)
  if (url.protocol !== 'https:' && !isLoopback(url.hostname))
    throw invalid('redirectUri: https, except on this machine')
  if (/\/(start|done|connect\.css)$/.test(url.pathname)) {
    throw invalid('redirectUri: a path that does not end in /start, /done or /connect.css, which the kit uses itself')
  }
  return url
}

function checkStartPath(startPath: string | undefined, redirectUri: URL): string {
  if (startPath === undefined) return redirectUri.pathname.replace(/[^/]*$/, 'start')
  if (!/^\/[^/?#][^?#]*$/.test(startPath) || startPath === redirectUri.pathname) {
    throw invalid('startPath: a path on this app other than the callback, such as /connect/pipedrive')
  }
  return startPath
}

/** Two kits that share a folder have two starts, and two of each other path. */
function pagePaths(startPath: string, isOwn: boolean): Pick<Kit, 'stylesheetPath' | 'donePath'> {
  if (isOwn) return { stylesheetPath: `${startPath}.css`, donePath: `${startPath}-done` }
  const inFolderOfStart = (name: string) => startPath.replace(/[^/]*$/, name)
  return { stylesheetPath: inFolderOfStart('connect.css'), donePath: inFolderOfStart('done') }
}

function checkBasePath(basePath: string, { pathname }: URL): string {
  const path = basePath.replace(/\/+$/, '')
  if (path !== '' && !pathname.startsWith(`${path}/`)) {
    throw invalid(`basePath: the beginning of the redirect URI's path (${pathname}), such as /app`)
  }
  return path
}

function checkBrand(brand: Brand): Brand {
  const mistake = brandMistake(brand)
  if (mistake !== undefined) throw invalid(mistake)
  return brand
}

/** In their canonical form: `pt_BR` is `pt-BR`. */
function checkLanguages(languages: readonly string[]): readonly string[] {
  if (languages.length === 0) throw invalid('languages: missing; at least one, as BCP 47 tags such as pt-BR')
  return languages.map(language => {
    const tag = firstTag(language)
    if (tag === null) throw invalid(`languages: ${language} is not a BCP 47 tag such as pt-BR`)
    return tag
  })
}

function invalid(what: string): ConnectError {
  return new ConnectError('configuration_invalid', what)
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
