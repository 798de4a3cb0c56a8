import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  type Connect,
  createAccount,
  createConnect,
  type LinkStore,
  memoryStore,
  type Provider,
  tenantry,
  useAccount,
} from '@tenantry/connect'
import { sqliteStore } from '@tenantry/connect/sqlite'
import { Person } from '@tenantry/connect/testing'
import { afterAll, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { FakeQuickBooks, FakeXero } from '../support/fake-providers.ts'
import { readBlocks } from '../support/fenced-blocks.ts'
import { APP_CALLBACK, KEY, linkForm } from '../support/kit.ts'
import { temporaryFolder } from '../support/sandbox-process.ts'

const BOND = 'd1b8a6f0-0007-4c1e-9a52-7a7a7a7a7a7a'
const folder = temporaryFolder()
afterAll(() => folder.remove())

/** The provider as the guide shows it. */
async function fromGuide(name: string): Promise<Provider<string>> {
  const code = readBlocks('docs/connect/providers.md').find(block => block.code.startsWith(`const ${name} = `))?.code
  const file = join(folder.path, `${name}.js`)
  writeFileSync(file, `${code}\nexport { ${name} }`)
  return ((await import(pathToFileURL(file).href)) as Record<string, Provider<string>>)[name]!
}

/** An app with accounts, whose browser is signed in by a cookie. */
function createApp(provider: Provider<string>, fake: FakeQuickBooks | FakeXero, store: LinkStore) {
  const reported: unknown[] = []
  let accounts = 0
  const connect = createConnect({
    provider,
    ...fake.client,
    store,
    redirectUri: APP_CALLBACK,
    scopes: ['openid', 'profile', 'email'],
    encryptionKeys: [KEY],
    fetch: fake.fetch,
    currentAccount: request => /account=([^;]+)/.exec(request.headers.get('Cookie') ?? '')?.[1] ?? null,
    onInstall: ({ link, account, intent }) => {
      if (link) return useAccount(link.accountId)
      return intent === 'link' && account ? useAccount(account) : createAccount(() => `account-${++accounts}`)
    },
    onLinked: ({ accountId }) => ({ headers: { 'Set-Cookie': `account=${accountId}; Path=/` } }),
    onError: error => reported.push(error),
  })
  const browser = () =>
    new Person(async (input, init) => {
      const request = new Request(input, init)
      return request.url.startsWith(new URL(APP_CALLBACK).origin) ? connect.handler(request) : fake.fetch(request)
    }, '')
  const callbackOf = (person: Person, init?: RequestInit) =>
    person.walk(new URL('start', APP_CALLBACK), APP_CALLBACK, { email: '' }, init)
  const install = async (person = browser(), init?: RequestInit) => person.request(await callbackOf(person, init))
  return { connect, reported, browser, callbackOf, install }
}

const stores: [string, () => LinkStore][] = [
  ['in memory', memoryStore],
  ['in SQLite', () => sqliteStore(join(folder.path, `${crypto.randomUUID()}.db`))],
]

const described = [
  {
    name: 'quickbooks',
    makeFake: () => new FakeQuickBooks({ user: BOND, company: '9130357849271196' }),
    companies: ['9130357849271196', '9130357849271197'] as const,
  },
  {
    name: 'xero',
    makeFake: () => new FakeXero({ user: BOND, company: 'fe79f7dd-b6d4-4a92-ba7b-538af6289c58' }),
    companies: ['fe79f7dd-b6d4-4a92-ba7b-538af6289c58', '0b3c9d52-6a4e-4c86-9a3e-1f0f4f1f2a77'] as const,
  },
]

describe.each(stores)('links %s', (_, openStore) => {
  describe.each(described)('of $name, as the guide describes it', ({ name, makeFake, companies: [mi6, exports] }) => {
    let fake: ReturnType<typeof makeFake>
    let app: ReturnType<typeof createApp>
    const atMi6 = { companyId: mi6, userId: BOND }

    beforeEach(async () => {
      fake = makeFake()
      app = createApp(await fromGuide(name), fake, openStore())
    })

    it('links with text ids are kept by the text ids, two companies of one person apart', async () => {
      const person = app.browser()
      const answer = await app.install(person)
      expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/connect/done'])
      fake.allows = { user: BOND, company: exports }
      expect((await app.install(person, linkForm())).status).toBe(303)
      const links = await app.connect.links.ofAccount('account-1')
      expect(links.map(({ identity }) => [identity.key, identity.companyName, identity.name])).toEqual([
        [`${name}:"${mi6}":"${BOND}"`, 'MI6', 'James Bond'],
        [`${name}:"${exports}":"${BOND}"`, 'Universal Exports', 'James Bond'],
      ])
      expect((await app.connect.links.list({ limit: 1 })).length).toBe(1)
      expect((await app.connect.links.list()).length).toBe(2)
      const page = await person.request(new URL('done', APP_CALLBACK))
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Universal Exports')])
    })

    it('links with text ids find their account again, are looked at again, refreshed and ended', async () => {
      await app.install()
      await app.install()
      expect((await app.connect.links.find(atMi6))?.accountId).toBe('account-1')
      expect(await app.connect.identify(atMi6)).toMatchObject({
        ...atMi6,
        companyName: 'MI6',
        email: expect.any(String),
      })
      const token = await app.connect.accessToken(atMi6)
      expect(await app.connect.keepAlive({ idleFor: -1 })).toEqual({ refreshed: 1, refused: 0, failed: 0 })
      expect(await app.connect.accessToken(atMi6)).not.toBe(token)
      expect((await app.connect.identify(atMi6)).companyId).toBe(mi6)
      await app.connect.disconnect(atMi6)
      expect((await app.connect.links.find(atMi6))?.status).toBe('disconnected')
      expect(await app.connect.rewrap()).toEqual({ seen: 1, rewrapped: 0, unreadable: 0 })
    })

    it('links with text ids are refused if their token speaks for another user later', async () => {
      const provider = await fromGuide(name)
      const swapped = createApp(
        { ...provider, readIdentity: (_, { known }) => ({ companyId: mi6, userId: known ? 'swapped' : BOND }) },
        ...([fake, memoryStore()] as const),
      )
      await swapped.install()
      await expect(swapped.connect.identify(atMi6)).rejects.toMatchObject({ code: 'answer_invalid' })
      expect((await swapped.connect.links.find(atMi6))?.identity.userId).toBe(BOND)
    })

    it('links with text ids are never found by an integer', async () => {
      await app.install()
      const wrong = { companyId: 7, userId: 7 } as never
      await expect(app.connect.links.find(wrong)).rejects.toThrow('companyId: 7 is not a text')
    })
  })
})

describe('a company in the callback’s query', () => {
  it('a forged company in the callback’s query is not linked: the token must be of that company', async () => {
    const fake = described[0]!.makeFake() as FakeQuickBooks
    const app = createApp(await fromGuide('quickbooks'), fake, memoryStore())
    for (const realm of ['9130357849271197', '', '../x', null]) {
      const person = app.browser()
      const callback = await app.callbackOf(person)
      if (realm === null) callback.searchParams.delete('realmId')
      else callback.searchParams.set('realmId', realm)
      expect([realm, (await person.request(callback)).status]).toEqual([realm, 502])
    }
    expect(await app.connect.links.list()).toEqual([])
  })
})

describe('a second call', () => {
  it('the second call of a provider goes to its own hosts only', async () => {
    const fake = described[1]!.makeFake()
    const xero = await fromGuide('xero')
    for (const address of ['https://evil.example/x', '//evil.example/x', 'http://api.xero.com/connections']) {
      const provider: Provider<string> = {
        ...xero,
        readIdentity: async (_, { ask }) => (await ask(address)) as never,
      }
      const app = createApp(provider, fake, memoryStore())
      expect((await app.install()).status).toBe(502)
      expect(app.reported).toMatchObject([{ code: 'host_not_allowed' }])
    }
    expect(fake.requests.filter(request => request.includes('evil') || request.includes('http://'))).toEqual([])
  })
})

describe('ids of the wrong kind', () => {
  const answers: [string, 'integer' | 'text' | undefined, unknown][] = [
    ['a text', undefined, '7'],
    ['a number that is rounded', 'integer', 2 ** 53],
    ['a half', 'integer', 1.5],
    ['an integer', 'text', 7],
    ['nothing', 'text', undefined],
    ['an empty text', 'text', ''],
    ['a long text', 'text', 'x'.repeat(256)],
    ['half a character', 'text', '\ud800'],
    ['a text with a NUL', 'text', 'a\0b'],
  ]
  it.each(answers)('the id %s is refused where ids are %s', async (_, ids, value) => {
    const fake = described[1]!.makeFake()
    for (const read of [{ companyId: value, userId: value }, undefined, null]) {
      const provider = { ...(await fromGuide('xero')), ids, readIdentity: () => read as never }
      const app = createApp(provider as Provider<string>, fake, memoryStore())
      expect((await app.install()).status).toBe(502)
      expect(app.reported).toMatchObject([{ code: 'answer_invalid' }])
    }
  })

  it('an id kind other than integer and text is refused at creation', async () => {
    const provider = { ...(await fromGuide('xero')), ids: 'uuid' as never }
    expect(() => createApp(provider, described[1]!.makeFake(), memoryStore())).toThrow('its ids are integer or text')
  })
})

it('types follow the provider: integers for tenantry(), texts for Provider<string>', async () => {
  const options = { clientId: 'a', clientSecret: 'b', redirectUri: APP_CALLBACK, store: memoryStore() }
  const integers = createConnect({
    ...options,
    provider: tenantry({ issuer: 'http://localhost:4040' }),
    encryptionKeys: [KEY],
    onInstall: ({ identity }) => createAccount(() => identity.companyId.toFixed()),
  })
  expectTypeOf(integers).toEqualTypeOf<Connect<number>>()
  expectTypeOf(integers.links.find).parameter(0).toEqualTypeOf<{ companyId: number; userId: number }>()
  type Texts = Connect<string>['links']['find']
  expectTypeOf<Texts>().parameter(0).toEqualTypeOf<{ companyId: string; userId: string }>()
  // @ts-expect-error an integer provider is asked with integers
  await expect(integers.links.find({ companyId: '1', userId: '777' })).rejects.toThrow('not an integer')
})
