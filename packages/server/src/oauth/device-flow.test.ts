import { createResourceServer, setApp } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Client, TokenAnswer } from '../../../../tests/support/client.ts'
import { answerOf, type Person, type ShownPage } from '../../../../tests/support/person.ts'
import { Prover } from '../../../../tests/support/prover.ts'
import { BOND_EMAIL, MI6, MONEYPENNY_EMAIL, SECOND, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { deleteExpired } from '../store/queries/expired.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

interface DeviceAnswer {
  device_code: string
  user_code: string
  verification_uri: string
  verification_uri_complete: string
  expires_in: number
  interval: number
  error?: string
}

describe('the device flow', () => {
  useProvider()

  async function begin(parameters: Record<string, string> = {}, as: Client = client) {
    const answer = await as.post('/oauth/device_authorization', parameters)
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    return { status: answer.status, ...((await answer.json()) as DeviceAnswer) }
  }
  async function poll(deviceCode: string, as: Client = client) {
    const answer = await as.post('/oauth/token', { grant_type: GRANT, device_code: deviceCode })
    return { status: answer.status, ...((await answer.json()) as TokenAnswer) }
  }
  async function openCodePage(who: Person, email = BOND_EMAIL): Promise<ShownPage> {
    const page = await who.open('/device')
    return page.document.querySelector('main input[name=password]') ? who.signIn(email, undefined, page) : page
  }
  /** Types the code and goes as far as the consent page. */
  async function reachConsent(userCode: string, who: Person = person, company = MI6, email = BOND_EMAIL) {
    let page = await who.submitAndFollow(await openCodePage(who, email), { user_code: userCode })
    if (page.document.querySelector('main input[name=company_id]')) {
      page = await who.submitAndFollow(page, { company_id: String(company) })
    }
    return page
  }
  const tokensOf = (provided: { access_token: string }) => client.me(provided.access_token)

  let device: DeviceAnswer
  beforeEach(async () => {
    device = await begin({ scope: 'base' })
  })

  it('[OA-61] a device is allowed on another screen, at the company that its person chose there', async () => {
    expect(device).toMatchObject({
      verification_uri: 'http://localhost:4040/device',
      verification_uri_complete: `http://localhost:4040/device?user_code=${device.user_code}`,
      ...{ expires_in: 900, interval: 5, status: 200 },
    })
    expect(device.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect(await poll(device.device_code)).toMatchObject({ status: 400, error: 'authorization_pending' })
    const consent = await reachConsent(device.user_code, person, UNIVERSAL_EXPORTS)
    expect(consent.text).toContain('Universal Exports')
    expect(consent.text).toContain('You allow this for another device.')
    const page = await person.submitAndFollow(consent, { decision: 'allow' })
    expect(page.text).toContain('Your device is connected')
    provider.pass(5 * SECOND)
    const tokens = await poll(device.device_code)
    expect(tokens).toMatchObject({ status: 200, token_type: 'Bearer', scope: 'base' })
    const me = (await (await tokensOf(tokens)).json()) as { data: object }
    expect(me.data).toMatchObject({ company_id: UNIVERSAL_EXPORTS, id: 777 })
    const again = await client.refreshed(tokens.refresh_token)
    expect((await tokensOf(again)).status).toBe(200)
  })

  it('[OA-61] the code is read however it is typed, and a link fills it in but never goes on by itself', async () => {
    const typed = ` ${device.user_code.toLowerCase().replace('-', ' ')} `
    expect((await reachConsent(typed)).text).toContain('Allow Field Notes?')
    const other = provider.person()
    const link = device.verification_uri_complete.replace('http://localhost:4040', '')
    const page = await other.signIn(undefined, undefined, await other.open(link))
    expect(page.document.querySelector('main input[name=user_code]')?.getAttribute('value')).toBe(device.user_code)
    expect(page.text).toContain('Go on only if your device shows this very code.')
  })

  it('[OA-61] a device that is refused is told so', async () => {
    const page = await person.submitAndFollow(await reachConsent(device.user_code), { decision: 'deny' })
    expect(page.text).toContain('Nothing was allowed')
    expect(await poll(device.device_code)).toMatchObject({ status: 400, error: 'access_denied' })
    expect((await reachConsent(device.user_code)).status).toBe(422)
  })

  it('[OA-61] a device whose app lost what it asked for, or is for one company where its person is not, is refused', async () => {
    const consent = await reachConsent((await begin({ scope: 'users:read' })).user_code)
    await setApp(provider.runtime, client.id, { scopes: ['base'] })
    expect((await person.submitAndFollow(consent, { decision: 'allow' })).text).toContain('Nothing was allowed')

    const address = 'https://mcp.example/c/{company_domain}'
    await createResourceServer(provider.runtime, {
      name: 'Desk',
      identifier: address,
      scopes: { desk: { en: 'Use it' } },
    })
    await setApp(provider.runtime, client.id, { scopes: ['desk'] })
    const resource = address.replace('{company_domain}', 'universal-exports')
    const begun = await begin({ scope: 'desk', resource })
    const page = await reachConsent(begun.user_code, provider.person(), MI6, MONEYPENNY_EMAIL)
    expect([page.status, page.text]).toEqual([403, expect.stringContaining('you are not an active member there')])
    // Bond is, and is asked about that company only.
    const other = await begin({ scope: 'desk', resource })
    const only = await reachConsent(other.user_code)
    expect(only.text).toContain('Universal Exports')
    await person.submit(only, { decision: 'allow' })
    expect((await poll(other.device_code)).access_token).toMatch(/^tny_ra_2_/)
  })

  it('[OA-61] a device that asks too often must wait longer each time, up to a minute, and costs no more writes then', async () => {
    await poll(device.device_code)
    const answers: string[] = []
    for (let times = 0; times < 15; times++) answers.push((await poll(device.device_code)).error_description!)
    expect(answers[0]).toBe('Wait 10 seconds between two requests.')
    expect(answers.at(-1)).toBe('Wait 60 seconds between two requests.')
    const { store } = provider.runtime
    const write = store.write.bind(store)
    let writes = 0
    store.write = statements => {
      // Background jobs write other tables meanwhile.
      if (statements.some(({ sql }) => sql.includes('device_requests'))) writes += 1
      return write(statements)
    }
    expect((await poll(device.device_code)).error).toBe('slow_down')
    for (const unknown of ['x', `${device.device_code}x`, device.device_code.replace(/.$/, '~')]) {
      expect((await poll(unknown)).error).toBe('invalid_grant')
    }
    store.write = write
    expect(writes).toBe(0)
    provider.pass(60 * SECOND)
    expect((await poll(device.device_code)).error).toBe('authorization_pending')
  })

  it('[OA-61] a request runs out after fifteen minutes, also between the choice and the answer', async () => {
    const consent = await reachConsent(device.user_code)
    provider.pass(900 * SECOND)
    expect((await poll(device.device_code)).error).toBe('expired_token')
    expect((await person.submit(consent, { decision: 'allow' })).status).toBe(400)
    expect((await reachConsent(device.user_code, provider.person())).status).toBe(422)
    await deleteExpired(provider.runtime.store, provider.now())
    expect(await provider.runtime.store.db.selectFrom('device_requests').select('client_id').execute()).toEqual([])
    expect((await poll(device.device_code)).error).toBe('invalid_grant')
  })

  it('[OA-61] the first who types the code has it: another browser, of the same person too, cannot go on', async () => {
    const thief = provider.person()
    const consent = await reachConsent(device.user_code)
    expect((await reachConsent(device.user_code, thief)).status).toBe(422)
    const path = consent.document.querySelector('main form input[name=request]')!.getAttribute('value')
    expect((await thief.open(`/oauth/authorize?${path}`)).status).toBe(400)
    expect((await person.submitAndFollow(consent, { decision: 'allow' })).text).toContain('Your device is connected')
  })

  it('[OA-61] guesses are limited by person and network, however many are made at once', async () => {
    const guesser = provider.person('203.0.113.9')
    const page = await openCodePage(guesser)
    const guesses = Array.from({ length: 40 }, () => guesser.submit(page, { user_code: 'BBBB-BBBB' }))
    const statuses = (await Promise.all(guesses)).map(({ status }) => status)
    expect(statuses.filter(status => status === 422).length).toBeLessThanOrEqual(10)
    expect(statuses.filter(status => status === 429).length).toBeGreaterThanOrEqual(30)
    // While they are limited, the right code is refused as well, and says when to come back.
    const refused = await guesser.submit(page, { user_code: device.user_code })
    expect([refused.status, Number(refused.headers.get('Retry-After')) > 0]).toEqual([429, true])
    // Nor does another network help the same person; someone else is not held up.
    const elsewhere = provider.person('198.51.100.9')
    const there = await openCodePage(elsewhere)
    expect((await elsewhere.submit(there, { user_code: 'BBBB-BBBB' })).status).toBe(429)
    const other = provider.person('198.51.100.7')
    expect((await reachConsent(device.user_code, other, MI6, MONEYPENNY_EMAIL)).text).toContain('Allow')
  })

  it('[OA-61] only a form of ours, in the session that it was shown to, can type a code or answer', async () => {
    const page = await openCodePage(person)
    const forged = await person.submit(page, { user_code: device.user_code, form_token: 'x' })
    expect(forged.status).toBe(403)
    const consent = await reachConsent(device.user_code)
    expect((await person.submit(consent, { decision: 'allow', form_token: 'x' })).status).toBe(403)
    expect((await poll(device.device_code)).error).toBe('authorization_pending')
  })

  it('[OA-61] two answers at once give one code, and two polls at once one pair of tokens', async () => {
    const consent = await reachConsent(device.user_code)
    const answers = await Promise.all([1, 2, 3].map(() => person.submit(consent, { decision: 'allow' })))
    const allowed = answers.filter(answer => answer.headers.get('Location') === '/device/allowed')
    expect(allowed).toHaveLength(1)
    const polls = await Promise.all([1, 2, 3].map(() => poll(device.device_code)))
    expect(polls.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
  })

  it('[OA-08] a device code that is used again ends what it gave', async () => {
    await person.submit(await reachConsent(device.user_code), { decision: 'allow' })
    const tokens = await poll(device.device_code)
    expect((await tokensOf(tokens)).status).toBe(200)
    expect(await poll(device.device_code)).toMatchObject({ status: 400, error: 'invalid_grant' })
    expect((await tokensOf(tokens)).status).toBe(401)
  })

  it('a device code is for its own client, and no authorization code', async () => {
    const other = await provider.registerApp()
    await person.submit(await reachConsent(device.user_code), { decision: 'allow' })
    expect((await poll(device.device_code, other)).error).toBe('invalid_grant')
    expect((await client.tokens(device.device_code)).error).toBe('invalid_grant')
    expect((await poll(device.device_code)).status).toBe(200)
  })

  it('an app that was removed again before the device asked gets nothing', async () => {
    await person.submit(await reachConsent(device.user_code), { decision: 'allow' })
    const connected = await person.open('/connected-apps')
    await person.submit(connected, {}, '.installations form')
    expect(await poll(device.device_code)).toMatchObject({ status: 400, error: 'invalid_grant' })
  })

  it('an app may be held to no device flow; one that registers itself must ask for it', async () => {
    await setApp(provider.runtime, client.id, { deviceFlow: false })
    expect(await begin()).toMatchObject({ status: 400, error: 'unauthorized_client' })
    expect(await begin({ scope: 'nope' }, await provider.registerApp())).toMatchObject({ error: 'invalid_scope' })
  })

  it('a public app needs no PKCE here, and its tokens can be bound to a key', async () => {
    const app = await provider.registerApp({ isPublic: true, redirectUris: ['http://127.0.0.1/callback'] })
    const begun = await begin({ scope: 'base' }, app)
    await person.submit(await reachConsent(begun.user_code), { decision: 'allow' })
    const prover = await Prover.create()
    const url = 'http://localhost:4040/oauth/token'
    const proof = await prover.prove({ method: 'POST', url, at: provider.now() / 1000 })
    const form = { grant_type: GRANT, device_code: begun.device_code }
    const answer = await app.post('/oauth/token', form, { DPoP: proof })
    expect([answer.status, ((await answer.json()) as TokenAnswer).token_type]).toEqual([200, 'DPoP'])
  })

  it('nothing of what is shown or sent is stored: a stolen database finds no code', async () => {
    const rows = await provider.runtime.store.db.selectFrom('device_requests').selectAll().execute()
    const text = JSON.stringify(rows, (_, value) =>
      value?.type === 'Buffer' ? Buffer.from(value).toString('latin1') : value,
    )
    for (const secret of [device.user_code, device.user_code.replace('-', ''), device.device_code.slice(-32)]) {
      expect(text).not.toContain(secret)
    }
  })

  it('a device is answered on pages alone: no address of an app is involved', async () => {
    const page = await reachConsent(device.user_code)
    const answer = await person.submit(page, { decision: 'allow' })
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/device/allowed'])
    expect(page.headers.get('Content-Security-Policy')).not.toContain('app.example')
    expect(() => answerOf(answer)).toThrow()
  })
})
