import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { setActive } from 'tenantry'
import { beforeAll, describe, expect, it } from 'vitest'
import { admin, adminWith, useAdmin } from '../../../../../tests/support/admin.ts'
import { answerOf, type Person } from '../../../../../tests/support/person.ts'
import {
  BOND,
  HOUR,
  MI6,
  MINUTE,
  MONEYPENNY,
  ORIGIN,
  SECOND,
  UNIVERSAL_EXPORTS,
} from '../../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../../tests/support/provider-of-test.ts'

const LOGIN = 'https://platform.example/login?from=tenantry'
const CONSENT = 'https://platform.example/consent'

let privateKey: CryptoKey
let publicJwk: JWK

beforeAll(async () => {
  const pair = await generateKeyPair('ES256')
  privateKey = pair.privateKey
  publicJwk = { ...(await exportJWK(pair.publicKey)), kid: 'one' }
})

/** Where the browser is sent to sign in, and the challenge that it carries. */
async function beginSignIn(browser: Person, parameters = {}): Promise<{ url: URL; challenge: string }> {
  const url = answerOf(await browser.request(client.authorizePath(parameters)))
  return { url, challenge: url.searchParams.get('login_challenge')! }
}

/** The answer of the platform as the address that the browser is sent back to. */
async function accept(challenge: string, more = {}): Promise<string> {
  const { status, body } = await admin('POST', '/login-challenge/accept', { challenge, user_id: BOND, ...more })
  expect([status, body.detail]).toEqual([200, undefined])
  return String(body.redirect_to).replace(ORIGIN, '')
}

function sign(claims: Record<string, unknown>, { key = privateKey, audience = ORIGIN, age = 0, expires = 60 } = {}) {
  const now = Math.floor(provider.now() / 1000)
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setAudience(audience)
    .setIssuedAt(now - age)
    .setExpirationTime(now + expires)
    .sign(key)
}

describe('sign-in on the platform’s own page', () => {
  useProvider(() => ({ login: { url: LOGIN, publicKeys: { keys: [publicJwk as Record<string, unknown>] } } }))
  useAdmin()

  it('an app’s request leads to the platform’s page, and back to the choice of company and consent', async () => {
    const { url, challenge } = await beginSignIn(person, {
      login_hint: 'b@mi6.example',
      ui_locales: 'et',
      company_id: '1',
    })
    expect(url.href).toMatch(/^https:\/\/platform\.example\/login\?from=tenantry&/)
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      client_id: client.id,
      login_hint: 'b@mi6.example',
      ui_locales: 'et',
      company_id: '1',
    })
    const asked = await admin('GET', `/login-challenge?challenge=${challenge}`)
    expect(asked.body).toMatchObject({
      kind: 'login',
      client_id: client.id,
      client_name: 'Field Notes',
      company_id: 1,
      scopes: ['base', 'users:read'],
      login_hint: 'b@mi6.example',
      reauthenticate: false,
    })
    const page = await person.open(await accept(challenge))
    expect(page.text).toContain('Universal Exports')
    const tokens = await client.tokens(await person.code(client, { company: MI6 }))
    const me = (await (await client.me(tokens.access_token)).json()) as { data: { id: number; company_id: number } }
    expect(me.data).toMatchObject({ id: BOND, company_id: MI6 })
  })

  it('an answer that the platform signed needs no call', async () => {
    const { challenge } = await beginSignIn(person)
    const response = await sign({ challenge, user_id: MONEYPENNY, amr: ['pwd', 'otp'] })
    const page = await person.open(`/sign-in/return?response=${response}`)
    expect(page.text).toContain('Eve Moneypenny')
    const { body } = await admin('GET', `/audit-events?user_id=${MONEYPENNY}&action=user.signed_in`)
    expect(body.data[0].facts).toEqual({ external: true, amr: ['pwd', 'otp'] })
  })

  it('an answer is good for one browser only, the one that began', async () => {
    const { challenge } = await beginSignIn(person)
    const back = await accept(challenge)
    const response = await sign({ challenge: (await beginSignIn(person)).challenge, user_id: BOND })
    const other = provider.person()
    await beginSignIn(other)
    for (const browser of [other, provider.person()]) {
      for (const path of [back, `/sign-in/return?response=${response}`]) {
        const page = await browser.open(path)
        expect([page.status, page.text]).toEqual([403, expect.stringContaining('another browser')])
      }
      expect(await isSignedIn(browser)).toBe(false)
    }
    await person.open(back)
    expect(await isSignedIn(person)).toBe(true)
  })

  it('who knows a challenge cannot come back with what the platform answered to another', async () => {
    // An attacker begins, and leads a victim who is signed in at the platform to its page with the attacker's challenge.
    const { challenge } = await beginSignIn(person)
    const back = await accept(challenge)
    const id = new URL(back, ORIGIN).searchParams.get('answer')!.split('.')[0]
    for (const guess of [id, `${id}.`, `${id}.${'A'.repeat(43)}`, challenge]) {
      const page = await person.open(`/sign-in/return?answer=${guess}`)
      expect(page.status).toBe(400)
    }
    expect(await isSignedIn(person)).toBe(false)
  })

  it('an answer is used once; a second use does nothing', async () => {
    const { challenge } = await beginSignIn(person)
    const signed = `/sign-in/return?response=${await sign({ challenge: (await beginSignIn(person)).challenge, user_id: BOND })}`
    for (const back of [await accept(challenge), signed]) {
      expect((await person.request(back)).headers.get('Location')).toMatch(/^\/oauth\/authorize\?/)
      expect(await isSignedIn(person)).toBe(true)
      await signOut(person)
      expect((await person.request(back)).headers.get('Location')).toMatch(/^\/oauth\/authorize\?/)
      expect(await isSignedIn(person)).toBe(false)
    }
  })

  it('one of several uses at the same moment signs in', async () => {
    const { challenge } = await beginSignIn(person)
    const back = await accept(challenge)
    await Promise.all(Array.from({ length: 5 }, () => person.request(back)))
    const { body } = await admin('GET', `/users/${BOND}/sessions`)
    expect(body.data).toHaveLength(1)
  })

  it('two tabs of a browser can sign in one after the other, and both go on', async () => {
    const first = await beginSignIn(person, { state: 'first' })
    const second = await beginSignIn(person, { state: 'second' })
    const firstPage = await person.open(await accept(first.challenge))
    await person.open(await accept(second.challenge))
    const consentPage = await person.submitAndFollow(firstPage, { company_id: String(MI6) })
    const answer = answerOf(await person.submit(consentPage, { decision: 'allow' }))
    expect(answer.searchParams.get('state')).toBe('first')
    expect(answer.searchParams.get('code')).toBeTruthy()
  })

  it('an answer must be given within an hour, and be brought back within five minutes', async () => {
    const late = await beginSignIn(person)
    const { challenge } = await beginSignIn(person)
    const back = await accept(challenge)
    provider.pass(5 * MINUTE)
    await person.request(back)
    expect(await isSignedIn(person)).toBe(false)
    provider.pass(HOUR)
    const refused = await admin('POST', '/login-challenge/accept', { challenge: late.challenge, user_id: BOND })
    expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining('expired')])
    const page = await person.open(
      `/sign-in/return?response=${await sign({ challenge: late.challenge, user_id: BOND })}`,
    )
    expect(page.status).toBe(400)
  })

  it('a challenge has one answer; the same again is no mistake', async () => {
    const { challenge } = await beginSignIn(person)
    expect(await accept(challenge)).toBe(await accept(challenge))
    const other = await admin('POST', '/login-challenge/accept', { challenge, user_id: MONEYPENNY })
    expect(other.status).toBe(409)
    await person.request(await accept(challenge))
    expect((await admin('POST', '/login-challenge/accept', { challenge, user_id: BOND })).status).toBe(409)
  })

  it('a challenge that another server made, or that was changed, is refused', async () => {
    const { challenge } = await beginSignIn(person)
    const [text, seal] = challenge.split('.')
    const changed = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(text!, 'base64url').toString()), returnTo: 'https://evil.example/' }),
    ).toString('base64url')
    for (const forged of [`${changed}.${seal}`, text!, `${text}.`, `${text}.${'x'.repeat(43)}`, 'x', '.']) {
      const { status } = await admin('POST', '/login-challenge/accept', { challenge: forged, user_id: BOND })
      expect([forged, status]).toEqual([forged, 400])
    }
  })

  it('a signed answer is refused with another key, audience or age, unsigned, or without what it needs', async () => {
    const { challenge } = await beginSignIn(person)
    const claims = { challenge, user_id: BOND }
    const { privateKey: otherKey } = await generateKeyPair('ES256')
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(
      JSON.stringify({ ...claims, aud: ORIGIN, iat: 1, exp: 9e9 }),
    ).toString('base64url')}.`
    const refused = [
      await sign(claims, { key: otherKey }),
      await sign(claims, { audience: 'https://elsewhere.example' }),
      await sign(claims, { age: 660, expires: 60 }),
      await sign(claims, { age: 100, expires: -60 }),
      await sign({ user_id: BOND }),
      await sign({ challenge }),
      await sign({ challenge, user_id: 4711 }),
      await sign({ challenge, user_id: BOND, company_id: 4711 }),
      await sign({ challenge, user_id: BOND, sudo: true }),
      unsigned,
      'x',
    ]
    for (const response of refused) {
      const page = await person.open(`/sign-in/return?response=${response}`)
      expect([response, page.status]).toEqual([response, 400])
    }
    expect(await isSignedIn(person)).toBe(false)
    await person.request(`/sign-in/return?response=${await sign(claims)}`)
    expect(await isSignedIn(person)).toBe(true)
  })

  it('users who do not exist or are not active cannot be signed in, also between the answer and the way back', async () => {
    const { challenge } = await beginSignIn(person)
    const unknown = await admin('POST', '/login-challenge/accept', { challenge, user_id: 4711 })
    expect(unknown.status).toBe(404)
    const back = await accept(challenge)
    await setActive(provider.runtime, BOND, false)
    await person.request(back)
    expect(await isSignedIn(person)).toBe(false)
    const inactive = await admin('POST', '/login-challenge/accept', {
      challenge: (await beginSignIn(person)).challenge,
      user_id: BOND,
    })
    expect([inactive.status, inactive.body.errors[0].field]).toEqual([400, 'user_id'])
  })

  it('a person who has no password here is signed in', async () => {
    await admin('PUT', '/users/4200', { name: 'Q', email: 'q@mi6.example' })
    await admin('PUT', `/companies/${MI6}/members/4200`, {})
    const page = await person.open(await accept((await beginSignIn(person)).challenge, { user_id: 4200 }))
    expect(page.text).toContain('There you are Q')
  })

  it('a person who cannot be signed in is told so, and not sent round in a circle', async () => {
    const back = await accept((await beginSignIn(person)).challenge)
    await setActive(provider.runtime, BOND, false)
    const page = await person.open(back)
    expect([page.status, page.text]).toEqual([403, expect.stringContaining('not completed')])
  })

  it('prompt=login asks again, and is not satisfied by a sign-in of before', async () => {
    await person.request(await accept((await beginSignIn(person)).challenge))
    const { url, challenge } = await beginSignIn(person, { prompt: 'login' })
    expect(url.searchParams.get('prompt')).toBe('login')
    expect((await admin('GET', `/login-challenge?challenge=${challenge}`)).body.reauthenticate).toBe(true)
    const now = Math.floor(provider.now() / SECOND)
    const old = await admin('POST', '/login-challenge/accept', { challenge, user_id: BOND, auth_time: now - 3600 })
    expect([old.status, old.body.errors[0].field]).toEqual([400, 'auth_time'])
    const future = await admin('POST', '/login-challenge/accept', { challenge, user_id: BOND, auth_time: now + 3600 })
    expect(future.status).toBe(400)
    const page = await person.open(await accept(challenge, { auth_time: now }))
    expect(page.text).toContain('Universal Exports')
  })

  it('the platform can hold an app to one company and to some scopes for the session', async () => {
    const { challenge } = await beginSignIn(person)
    const page = await person.open(await accept(challenge, { company_id: UNIVERSAL_EXPORTS, scopes: ['base'] }))
    // The only company there is: no choice.
    expect(page.text).toContain('Universal Exports')
    expect(page.text).not.toContain('MI6')
    const tokens = await client.tokens(
      answerOf(await person.submit(page, { decision: 'allow' })).searchParams.get('code')!,
    )
    expect(tokens.scope).toBe('base')
    // Another tab that asks for more gets no more.
    const again = await person.code(client, {}, { scope: 'users:read base' })
    expect((await client.tokens(again)).scope).toBe('base')
    const refused = answerOf(await person.request(client.authorizePath({ scope: 'users:read' })))
    expect(refused.searchParams.get('error')).toBe('access_denied')
  })

  it('a company of which the user is no active member cannot be named', async () => {
    const { challenge } = await beginSignIn(person)
    const body = { challenge, user_id: MONEYPENNY, company_id: UNIVERSAL_EXPORTS }
    const { status, body: problem } = await admin('POST', '/login-challenge/accept', body)
    expect([status, problem.errors[0].field]).toEqual([400, 'company_id'])
  })

  it('a sign-in that the platform refuses is told to the app', async () => {
    const refuse = async (challenge: string) =>
      (
        await admin('POST', '/login-challenge/reject', {
          challenge,
          error: 'temporarily_unavailable',
          error_description: 'Closed today.',
        })
      ).body.redirect_to.replace(ORIGIN, '')
    const answer = answerOf(await person.request(await refuse((await beginSignIn(person)).challenge)))
    expect(Object.fromEntries(answer.searchParams)).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'Closed today.',
      state: 'a state',
      iss: ORIGIN,
    })
    const alone = answerOf(await person.request('/sign-in')).searchParams.get('login_challenge')!
    const page = await person.open(await refuse(alone))
    expect([page.status, page.text]).toEqual([403, expect.stringContaining('did not let you in')])
    const signed = await sign({ challenge: (await beginSignIn(person)).challenge, error: 'access_denied' })
    expect(answerOf(await person.request(`/sign-in/return?response=${signed}`)).searchParams.get('error')).toBe(
      'access_denied',
    )
  })

  it('prompt=none shows no page', async () => {
    const answer = answerOf(await person.request(client.authorizePath({ prompt: 'none' })))
    expect(answer.searchParams.get('error')).toBe('login_required')
  })

  it('our own sign-in page is gone', async () => {
    const page = await person.request('/sign-in', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'email=james.bond%40mi6.example&password=shaken-not-stirred',
    })
    expect(page.headers.get('Location')).toBe('/sign-in')
    expect(await isSignedIn(person)).toBe(false)
  })

  it('a key that is held to one company cannot sign anyone in', async () => {
    const { call } = await adminWith({ scopes: ['*'], companyId: MI6 })
    const { challenge } = await beginSignIn(person)
    expect((await call('POST', '/login-challenge/accept', { challenge, user_id: BOND })).status).toBe(403)
  })

  it('visitors who never sign in leave nothing in the database', async () => {
    for (let visit = 0; visit < 20; visit++) await beginSignIn(provider.person())
    const rows = await provider.runtime.store.db.selectFrom('challenge_answers').selectAll().execute()
    expect(rows).toEqual([])
  })
})

describe('consent on the platform’s own page', () => {
  useProvider(() => ({ consent: { url: CONSENT, publicKeys: { keys: [publicJwk as Record<string, unknown>] } } }))
  useAdmin()

  async function beginConsent(company: number): Promise<{ url: URL; challenge: string }> {
    const chooser = await person.signIn(undefined, undefined, await person.open(client.authorizePath()))
    const chosen = await person.submit(chooser, { company_id: String(company) })
    const url = answerOf(await person.request(chosen.headers.get('Location')!))
    return { url, challenge: url.searchParams.get('consent_challenge')! }
  }

  async function acceptConsent(challenge: string, more = {}): Promise<string> {
    const { body } = await admin('POST', '/consent-challenge/accept', { challenge, ...more })
    return String(body.redirect_to).replace(ORIGIN, '')
  }

  it('the person decides there, and the app gets what was allowed', async () => {
    const { url, challenge } = await beginConsent(MI6)
    expect(url.origin + url.pathname).toBe(CONSENT)
    expect(url.searchParams.get('company_id')).toBe(String(MI6))
    const asked = await admin('GET', `/consent-challenge?challenge=${challenge}`)
    expect(asked.body).toMatchObject({
      kind: 'consent',
      user_id: BOND,
      company_id: MI6,
      scopes: ['base', 'users:read'],
    })
    const answer = answerOf(await person.request(await acceptConsent(challenge, { scopes: ['base'] })))
    const tokens = await client.tokens(answer.searchParams.get('code')!)
    expect(tokens.scope).toBe('base')
  })

  it('an answer is good once, and for the session that was asked only', async () => {
    const { challenge } = await beginConsent(MI6)
    const back = await acceptConsent(challenge)
    const other = provider.person()
    await other.signIn()
    expect((await other.request(back)).status).toBe(403)
    expect(answerOf(await person.request(back)).searchParams.get('code')).toBeTruthy()
    expect((await person.request(back)).headers.get('Location')).toMatch(/^\/oauth\/authorize\?/)
  })

  it('more than was asked for cannot be allowed', async () => {
    const { challenge } = await beginConsent(MI6)
    const { status } = await admin('POST', '/consent-challenge/accept', { challenge, scopes: ['deals:read'] })
    expect(status).toBe(400)
    const page = await person.open(
      `/oauth/authorize/return?response=${await sign({ challenge, scopes: ['base', 'deals:read'] })}`,
    )
    expect(page.status).toBe(400)
  })

  it('a login challenge is no consent challenge', async () => {
    const { challenge } = await beginConsent(MI6)
    expect((await admin('POST', '/login-challenge/accept', { challenge, user_id: BOND })).status).toBe(400)
  })

  it('a refusal is told to the app, by a signed answer too', async () => {
    const { challenge } = await beginConsent(MI6)
    const signed = await sign({ challenge, error: 'access_denied', error_description: 'Not this app.' })
    const answer = answerOf(await person.request(`/oauth/authorize/return?response=${signed}`))
    expect(answer.searchParams.get('error_description')).toBe('Not this app.')
  })

  it('a membership that ended meanwhile gets nothing', async () => {
    const { challenge } = await beginConsent(UNIVERSAL_EXPORTS)
    const back = await acceptConsent(challenge)
    await admin('PATCH', `/companies/${UNIVERSAL_EXPORTS}/members/${BOND}`, { active: false })
    const answer = await person.request(back)
    expect(answer.headers.get('Location') ?? '').not.toContain('code=')
  })
})

async function isSignedIn(browser: Person): Promise<boolean> {
  return (await browser.request('/connected-apps')).status === 200
}

async function signOut(browser: Person) {
  await browser.submit(await browser.open('/sign-out'), {})
}
