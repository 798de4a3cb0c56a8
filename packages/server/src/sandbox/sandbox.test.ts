import { removeOperator, rotateSecret, setMember, setSuspended } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeTestDatabase, type TestDatabase } from '../../../../tests/support/database.ts'
import { Person } from '../../../../tests/support/person.ts'
import { HOUR, ORIGIN, SECRET } from '../../../../tests/support/provider.ts'
import { createRuntime, serveRuntime, type Tenantry } from '../server.ts'
import { listOperators } from '../store/queries/operators.ts'
import { gatherFacts, type SandboxFacts } from './facts.ts'
import { addSandboxRoutes } from './routes.ts'
import { SANDBOX_OPERATOR, seedRoles, seedSandbox } from './seed.ts'

describe('the sandbox’s own pages', () => {
  let database: TestDatabase
  let now: number
  let tenantry: Tenantry
  let facts: SandboxFacts

  beforeEach(async () => {
    now = Date.UTC(2026, 0, 15, 12)
    database = await makeTestDatabase()
    const runtime = createRuntime({
      store: database.store,
      secrets: [SECRET],
      origin: ORIGIN,
      localCallbacks: true,
      clock: () => now,
    })
    await runtime.store.ready
    await seedSandbox(runtime)
    facts = await gatherFacts(runtime)
    tenantry = serveRuntime(runtime, app =>
      addSandboxRoutes(app, facts, {
        callProvider: (path, init) => tenantry.fetch(new Request(ORIGIN + path, init)),
        desk: undefined,
      }),
    )
  })
  afterEach(async () => {
    await tenantry.close()
    await database.remove()
  })

  const fetchSandbox = (path: string, init?: RequestInit) => tenantry.fetch(new Request(new URL(path, ORIGIN), init))
  const tokenOn = (html: string) => /Bearer (tny_at_\w+)/.exec(html)?.[1] ?? ''
  const me = async (token: string) =>
    (await fetchSandbox('/users/me', { headers: { Authorization: `Bearer ${token}` } })).status

  it('the pages of the sandbox show a token that works, also hours later and after MI6 is out', async () => {
    const home = async () => tokenOn(await (await fetchSandbox('/')).text())
    expect(await home()).toBe(facts.access_token)
    now += 2 * HOUR
    expect([await me(facts.access_token ?? ''), await me(await home())]).toEqual([401, 200])
    await setSuspended(tenantry.runtime, 1, true)
    expect(await home()).toMatch(/^tny_at_2_/)
  })

  it('a sandbox from before there were operators gets one, and one that was removed stays so', async () => {
    const { runtime } = tenantry
    const operators = async () => (await listOperators(runtime.store)).map(each => each.user_id)
    await removeOperator(runtime, SANDBOX_OPERATOR)
    await seedRoles(runtime)
    expect(await operators()).toEqual([])
    const { sql, parameters } = runtime.store.db.deleteFrom('settings').where('name', '=', 'sandbox.operator').compile()
    await runtime.store.write([{ sql, parameters }])
    await seedRoles(runtime)
    expect(await operators()).toEqual([SANDBOX_OPERATOR])
  })

  it('the pages of the sandbox show who is active where by now', async () => {
    await setMember(tenantry.runtime, 1, 780, { active: false })
    const html = await (await fetchSandbox('/')).text()
    expect(html).toMatch(/q@mi6\.example[\s\S]{0,80}nowhere: deactivated/)
  })

  it('the pages of the sandbox install the app as an app should: with state and PKCE that are of this browser', async () => {
    const person = new Person(fetchSandbox)
    const start = await person.request('/sandbox/install')
    const query = new URL(start.headers.get('Location') ?? '', ORIGIN).searchParams
    expect([...query.keys()]).toEqual(
      expect.arrayContaining(['client_id', 'redirect_uri', 'state', 'code_challenge', 'code_challenge_method']),
    )
    let page = await person.signIn(undefined, undefined, await person.open(start.headers.get('Location') ?? ''))
    page = await person.submitAndFollow(page, { company_id: '2' })
    const answer = new URL((await person.submit(page, { decision: 'allow' })).headers.get('Location') ?? '')
    const attacker = await new Person(fetchSandbox).open(answer.pathname + answer.search)
    expect(attacker.text).toContain('not for a flow that started here')
    expect((await person.open(answer.pathname + answer.search)).text).toContain('James Bond at Universal Exports')
  })

  it('the pages of the sandbox go on working after the app’s secret was rotated', async () => {
    const secret = await rotateSecret(tenantry.runtime, facts.client_id)
    expect(await (await fetchSandbox('/')).text()).toContain(secret)
    const person = new Person(fetchSandbox)
    const start = await person.request('/sandbox/install')
    let page = await person.signIn(undefined, undefined, await person.open(start.headers.get('Location') ?? ''))
    page = await person.submitAndFollow(page, { company_id: '1' })
    const answer = new URL((await person.submit(page, { decision: 'allow' })).headers.get('Location') ?? '')
    expect((await person.open(answer.pathname + answer.search)).text).toContain('James Bond at MI6')
  })

  it('the pages of the sandbox say so when the person said no', async () => {
    const person = new Person(fetchSandbox)
    const start = await person.request('/sandbox/install')
    const state = new URL(start.headers.get('Location') ?? '', ORIGIN).searchParams.get('state')
    const page = await person.open(`/callback?error=access_denied&state=${state}`)
    expect(page.text).toContain('access_denied')
  })

  it('[OA-71] the pages of the sandbox are shown at their own host names only, and so are tokens answered for', async () => {
    const status = async (host: string, path = '/') =>
      (await fetchSandbox(path, { headers: { Host: host, Authorization: `Bearer ${facts.access_token}` } })).status
    for (const host of [
      'localhost:4040',
      'localhost',
      '127.0.0.1:4040',
      '[::1]:4040',
      'a.localhost',
      '192.168.1.7:4040',
    ]) {
      expect([host, await status(host), await status(host, '/users/me')]).toEqual([host, 200, 200])
    }
    expect(await status('host.docker.internal:4040')).toBe(200)
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:4040', 'x@y', '']) {
      expect([host, await status(host), await status(host, '/users/me')]).toEqual([host, 421, 421])
    }
  })
})
