import { sql } from 'kysely'
import { addOperator, setCompanyPolicy } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../../../tests/support/client.ts'
import { answerOf, type Person, type ShownPage } from '../../../../tests/support/person.ts'
import { BOND, CALLBACK, MI6, MONEYPENNY_EMAIL, ORIGIN, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { person as bond, client, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'

const TRY_FORM = 'form[action$="/try"]'

describe('the button that walks the flow in the place of an app', () => {
  useProvider(() => ({ companyApps: true }))

  beforeEach(async () => {
    await addOperator(provider.runtime, BOND)
    await bond.signIn()
  })

  /** Presses it, and goes as far as the consent page. */
  async function begin(app: Client, who: Person = bond): Promise<ShownPage> {
    const page = await who.open(`/operator/apps/${app.id}`)
    const chooser = await who.submitAndFollow(page, {}, TRY_FORM)
    return who.submitAndFollow(chooser, { company_id: String(MI6) })
  }

  /** Rows that there are. */
  const countOf = (...tables: string[]) =>
    Promise.all(
      tables.map(async table => {
        const count = sql<{ found: number }>`/* what there is */ SELECT count(*) AS found FROM ${sql.table(table)}
          WHERE company_id = ${MI6}`
        return Number((await count.execute(provider.runtime.store.db)).rows[0]!.found)
      }),
    )

  /** The page that a redirect to this provider leads to. */
  async function arrive(answer: Response, who: Person = bond): Promise<ShownPage> {
    const { pathname, search } = answerOf(answer)
    return who.open(pathname + search)
  }

  it('a trial shows each step and who the person is to the app, ends the tokens, and leaves the installation', async () => {
    const consent = await begin(client)
    const answer = await bond.submit(consent, { decision: 'allow' })
    expect(answerOf(answer).origin + answerOf(answer).pathname).toBe(`${ORIGIN}/try-app`)
    const page = await arrive(answer)
    expect(page.status).toBe(200)
    for (const words of [
      'code_challenge_method=S256',
      'grant_type=authorization_code',
      '"company_id": 1',
      '"id": 777',
    ]) {
      expect(page.text).toContain(words)
    }
    // Nothing on the page is good for anything.
    expect(page.html).not.toMatch(/tny_[a-z]{2}_\d+_[0-9a-f]{10}/)
    expect(await countOf('access_tokens', 'refresh_tokens', 'installations')).toEqual([0, 0, 1])
    // Once: the browser has forgotten what it came with.
    expect((await arrive(answer)).status).toBe(400)
  })

  it('a trial leaves the tokens alone that the app got before', async () => {
    const tokens = await client.tokens(await bond.code(client, { company: MI6 }))
    await arrive(await bond.submit(await begin(client), { decision: 'allow' }))
    expect((await client.me(tokens.access_token)).status).toBe(200)
    expect((await client.refreshed(tokens.refresh_token)).access_token).toMatch(/^tny_at_/)
  })

  it('a trial shows what the app is told when the person says no', async () => {
    const page = await arrive(await bond.submit(await begin(client), { decision: 'deny' }))
    expect(page.text).toContain('Field Notes was not allowed')
    expect(page.text).toContain('error=access_denied')
  })

  it('a trial works for apps that must push requests, prove a key, or be public', async () => {
    for (const kind of [
      { requirePar: true, requireDpop: true },
      { isPublic: true },
      { profile: 'pipedrive' as const },
    ]) {
      const app = await provider.registerApp({ name: 'Other', ...kind })
      const page = await arrive(await bond.submit(await begin(app), { decision: 'allow' }))
      expect([kind, page.status, page.text.includes('"company_id": 1')]).toEqual([kind, 200, true])
    }
    expect(await countOf('access_tokens')).toEqual([0])
  })

  it('[OA-01] no app and no one else may name the address of trials: only requests that were kept for a developer', async () => {
    const redirect_uri = `${ORIGIN}/try-app`
    const path = client.authorizePath({ redirect_uri })
    expect((await bond.open(path)).status).toBe(400)
    const pushed = await client.post('/oauth/par', { response_type: 'code', redirect_uri, state: 'x' })
    expect([pushed.status, await pushed.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_request' })])
    const own = await provider.registerApp({ redirectUris: [CALLBACK], uninstallUrl: null })
    expect((await bond.open(own.authorizePath({ redirect_uri: `${redirect_uri}?x=1` }))).status).toBe(400)
  })

  it('[OA-08] the code of a trial is of no use to the app, to another browser, or without the state', async () => {
    const answer = await bond.submit(await begin(client), { decision: 'allow' })
    const code = answerOf(answer).searchParams.get('code')!
    const exchanged = await client.exchange(code, { redirect_uri: `${ORIGIN}/try-app` })
    expect([exchanged.status, ((await exchanged.json()) as { error: string }).error]).toEqual([400, 'invalid_grant'])
    const eve = provider.person()
    await eve.signIn(MONEYPENNY_EMAIL)
    expect((await arrive(answer, eve)).status).toBe(400)
    // With the cookie of the one who began, she is still no operator.
    eve.cookies.set('tenantry_try', bond.cookies.get('tenantry_try')!)
    expect((await arrive(answer, eve)).status).toBe(404)
    expect(await countOf('access_tokens')).toEqual([0])
    const other = answerOf(answer)
    other.searchParams.set('state', 'another')
    expect((await bond.open(other.pathname + other.search)).status).toBe(400)
  })

  it('owners of a company’s app walk its flow on their company’s pages, and no others', async () => {
    await setCompanyPolicy(provider.runtime, MI6, { developers: 'members' })
    const eve = provider.person()
    await eve.signIn(MONEYPENNY_EMAIL)
    const base = `/company/${MI6}/developer`
    const form = await eve.open(`${base}/new-app`)
    const made = await eve.submitAndFollow(form, { name: 'Ledger', redirect_uris: CALLBACK })
    const id = made.document.querySelector('dd code')!.text
    const page = await eve.open(`${base}/apps/${id}`)
    const consent = await eve.submitAndFollow(page, {}, TRY_FORM)
    const answer = await eve.submit(consent, { decision: 'allow' })
    // Another company in the cookie opens nothing.
    const cookie = eve.cookies.get('tenantry_try')!
    eve.cookies.set('tenantry_try', cookie.replace(/\.1$/, `.${UNIVERSAL_EXPORTS}`))
    expect((await arrive(answer, eve)).status).toBe(404)
    eve.cookies.set('tenantry_try', cookie)
    const walked = await arrive(answer, eve)
    expect(walked.text).toContain('Eve Moneypenny')
    expect(walked.document.querySelector(`a[href="${base}/apps/${id}"]`)).not.toBeNull()
  })
})
