import {
  type Connect,
  type ConnectOptions,
  createAccount,
  createConnect,
  memoryStore,
  refuse,
  useAccount,
} from '@tenantry/connect'
import {
  type Choice,
  type Person,
  startTestProvider,
  type TestProvider,
  type TestProviderOptions,
} from '@tenantry/connect/testing'

export const KEY = 'an encryption key of the tests that is long enough'
export const APP_CALLBACK = 'https://notes.example/connect/callback'
export const BOND = { email: 'james.bond@mi6.example' }
export const MONEYPENNY = { email: 'eve.moneypenny@mi6.example' }
export const AT_MI6 = { companyId: 1, userId: 777 }
export const AT_EXPORTS = { companyId: 2, userId: 777 }
export const MONEYPENNY_AT_MI6 = { companyId: 1, userId: 779 }

/** An app with accounts of its own, a session cookie, and the kit. */
export interface TestApp {
  connect: Connect
  /** The accounts that `onInstall` made, in order. */
  accounts: { id: string; name: string; email: string | null }[]
  reported: { uninstalled: string[]; needsReauthorization: string[]; errors: unknown[] }
  /** The request headers of a browser that is signed in to an account. */
  signedInAs(accountId: string): Record<string, string>
}

export const startKitProvider = (options: Partial<TestProviderOptions> = {}): Promise<TestProvider> =>
  startTestProvider({ redirectUri: APP_CALLBACK, now: Date.UTC(2026, 0, 15, 12), ...options })

export function createTestApp(provider: TestProvider, options: Partial<ConnectOptions> = {}): TestApp {
  const accounts: TestApp['accounts'] = []
  const reported: TestApp['reported'] = { uninstalled: [], needsReauthorization: [], errors: [] }
  const connect = createConnect({
    ...provider.options,
    store: memoryStore(),
    encryptionKeys: [KEY],
    currentAccount: request => /(?:^|; )account=([^;]+)/.exec(request.headers.get('Cookie') ?? '')?.[1] ?? null,
    onInstall: ({ identity, link, account, intent }) => {
      if (link) return useAccount(link.accountId)
      if (intent === 'link' && account) return useAccount(account)
      if (identity.name === 'Refused') return refuse('We are full.')
      return createAccount(() => {
        const id = `account-${accounts.length + 1}`
        accounts.push({ id, name: identity.name, email: identity.email })
        return id
      })
    },
    onLinked: ({ accountId }) => ({ headers: { 'Set-Cookie': `account=${accountId}; Path=/; HttpOnly` } }),
    onUninstall: link => {
      reported.uninstalled.push(link.identity.key)
    },
    onNeedsReauthorization: link => {
      reported.needsReauthorization.push(link.identity.key)
    },
    onError: error => {
      reported.errors.push(error)
    },
    ...options,
  })
  return { connect, accounts, reported, signedInAs: accountId => ({ Cookie: `account=${accountId}` }) }
}

/** Installs as a person would, and follows to the page that says so. */
export async function installToPage(
  provider: TestProvider,
  connect: Connect,
  choice: Choice,
  person: Person = provider.person(connect),
  init?: RequestInit,
): Promise<Response> {
  const answer = await provider.install(connect, choice, person, init)
  return person.request(new URL(answer.headers.get('Location')!, APP_CALLBACK))
}

/** Begins adding a company to the account of this browser's session, as the app's own form does. */
export const linkForm = (fields: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: {
    'Content-Type': 'application/x-www-form-urlencoded',
    Origin: new URL(APP_CALLBACK).origin,
    'Sec-Fetch-Site': 'same-origin',
  },
  body: new URLSearchParams(fields).toString(),
})

/** What a reader sees of a page. */
export async function textOf(response: Response): Promise<string> {
  const html = await response.text()
  return html
    .replace(/<head[\s\S]*<\/head>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/[\u2068\u2069]/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}
