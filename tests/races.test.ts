import { createTenantry, removeMember } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client, type TokenAnswer } from './support/client.ts'
import { makeTestDatabase, type TestDatabase } from './support/database.ts'
import { BOND, MI6, ORIGIN, SECRET, startProvider, type TestProvider } from './support/provider.ts'

/** On a database file, whose writes are committed by a thread, or on PostgreSQL; two servers at once. */
describe('races on one database', () => {
  let database: TestDatabase
  let provider: TestProvider
  let client: Client
  /** The same app at a second server on the same file. */
  let elsewhere: Client
  let second: ReturnType<typeof createTenantry>

  beforeEach(async () => {
    database = await makeTestDatabase()
    const { store } = database
    provider = await startProvider({ store })
    client = await provider.registerApp()
    second = createTenantry({ store, secrets: [SECRET], origin: ORIGIN, clock: provider.now })
    const fetchSecond = (path: string, init?: RequestInit) => second.fetch(new Request(new URL(path, ORIGIN), init))
    elsewhere = new Client(fetchSecond, client.id, client.secret, client.redirectUri)
  })
  afterEach(async () => {
    await provider.close()
    await second.close()
    await database.remove()
  })

  const install = async () => client.tokens(await provider.person().code(client, { company: MI6 }))
  const both = <Result>(count: number, call: (client: Client) => Promise<Result>) =>
    Promise.all(Array.from({ length: count }, (_, index) => call(index % 2 === 0 ? client : elsewhere)))

  it('[OA-24] 64 refreshes of one token at two servers give one identical answer', async () => {
    const { refresh_token } = await install()
    const answers = await both(64, at => at.refresh(refresh_token))
    const bodies = await Promise.all(answers.map(answer => answer.text()))
    expect(answers.map(answer => answer.status)).toEqual(Array(64).fill(200))
    expect(new Set(bodies).size).toBe(1)
    expect(await provider.runtime.store.db.selectFrom('refresh_tokens').selectAll().execute()).toHaveLength(2)
    expect(await provider.runtime.store.db.selectFrom('access_tokens').selectAll().execute()).toHaveLength(2)
  })

  it('retries after the access token’s end give one fresh access token, however many ask', async () => {
    const { refresh_token } = await install()
    await client.refresh(refresh_token)
    provider.pass(2 * 3600 * 1000)
    const answers = await both(32, at => at.refreshed(refresh_token))
    expect(new Set(answers.map(({ access_token }) => access_token)).size).toBe(1)
    expect((await elsewhere.me(answers[0]!.access_token)).status).toBe(200)
  })

  it('[OA-08] one code at two servers gives tokens to one at most, and leaves none alive', async () => {
    const code = await provider.person().code(client, { company: MI6 })
    const answers = await both(16, at => at.exchange(code))
    const given = answers.filter(answer => answer.status === 200)
    expect(given).toHaveLength(1)
    const tokens = (await given[0]!.json()) as TokenAnswer
    expect((await elsewhere.me(tokens.access_token)).status).toBe(401)
  })

  it('[OA-33] what one server revokes the other refuses at its very next request', async () => {
    for (let round = 0; round < 20; round++) {
      const tokens = await install()
      expect((await elsewhere.me(tokens.access_token)).status).toBe(200)
      await client.revoke(round % 2 === 0 ? tokens.access_token : tokens.refresh_token)
      expect((await elsewhere.me(tokens.access_token)).status).toBe(401)
    }
  })

  it('refreshes that race with an uninstall leave no token alive', async () => {
    for (let round = 0; round < 10; round++) {
      const { refresh_token } = await install()
      const [answers] = await Promise.all([both(8, at => at.refresh(refresh_token)), elsewhere.revoke(refresh_token)])
      for (const answer of answers) {
        const { access_token } = (await answer.json()) as TokenAnswer
        if (access_token) expect((await client.me(access_token)).status).toBe(401)
      }
    }
  })

  it('consents that race with the end of the membership grant nothing that speaks', async () => {
    const person = provider.person()
    const page = await person.reachConsent(client, { company: MI6 })
    const [answer] = await Promise.all([
      person.submit(page, { decision: 'allow' }),
      removeMember(provider.runtime, MI6, BOND),
    ])
    const code = new URL(answer.headers.get('Location') ?? ORIGIN, ORIGIN).searchParams.get('code')
    if (code) expect((await elsewhere.exchange(code)).status).toBe(400)
    expect(await provider.runtime.store.db.selectFrom('installations').selectAll().execute()).toEqual([])
  })

  it('one uninstall at two servers is one callback', async () => {
    const app = await provider.registerApp({ uninstallUrl: 'http://127.0.0.1:9/gone' })
    const tokens = await app.tokens(await provider.person().code(app, { company: MI6 }))
    const twin = new Client(
      (path, init) => second.fetch(new Request(new URL(path, ORIGIN), init)),
      app.id,
      app.secret,
      '',
    )
    await Promise.all([app, twin, app, twin].map(at => at.revoke(tokens.refresh_token)))
    const rows = await provider.runtime.store.db.selectFrom('uninstall_callbacks').selectAll().execute()
    expect(rows).toHaveLength(1)
  })
})
