import { setPassword } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { admin, useAdmin } from '../../../../tests/support/admin.ts'
import { beforeWrite } from '../../../../tests/support/before-write.ts'
import type { Person, ShownPage } from '../../../../tests/support/person.ts'
import { BOND, BOND_EMAIL, HOUR, MINUTE, MONEYPENNY_EMAIL, PASSWORD } from '../../../../tests/support/provider.ts'
import { person as bond, client, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1'

const sessionsOn = (page: ShownPage) =>
  page.document
    .querySelectorAll('.people')[1]!
    .querySelectorAll('li')
    .map(({ text }) => text.replace(/\s+/g, ' ').trim())

/** Signs in with a browser that says what it is. */
async function signInWith(who: Person, userAgent: string) {
  const page = await who.open('/sign-in')
  const field = (name: string) => page.document.querySelector(`main input[name=${name}]`)?.getAttribute('value') ?? ''
  await who.request('/sign-in', {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'User-Agent': userAgent },
    body: new URLSearchParams({
      form_token: field('form_token'),
      ...{ return_to: '/account', email: 'james.bond@mi6.example', password: 'shaken-not-stirred' },
    }).toString(),
  })
}

const END_SESSION = 'form[action$="/end"]'

describe('a person’s own account', () => {
  useProvider()
  useAdmin()

  it('the account page says who someone is at each of their companies', async () => {
    const withoutSession = await bond.request('/account')
    expect(withoutSession.headers.get('Location')).toBe('/sign-in?return_to=%2Faccount')
    await bond.signIn()
    expect((await bond.open('/connected-apps')).document.querySelector('a[href="/account"]')).not.toBeNull()
    const { text, document } = await bond.open('/account')
    for (const words of [
      'MI6',
      'james.bond@mi6.example',
      'j.bond@universal-exports.example',
      'Europe/Helsinki',
      'en-GB',
    ]) {
      expect(text).toContain(words)
    }
    expect(document.querySelector('a[href="/company/1"]')).not.toBeNull()
    expect(document.querySelector('a[href="/company/2"]')).toBeNull()
  })

  it('sessions are told apart by browser and system, and by when they were used last', async () => {
    await signInWith(bond, FIREFOX)
    provider.pass(24 * HOUR)
    const phone = provider.person()
    await signInWith(phone, IPHONE)
    expect(sessionsOn(await phone.open('/account'))).toEqual([
      'Safari · iOS This browser signed in on January 16, 2026 · last used on January 16, 2026',
      'Firefox · Linux signed in on January 15, 2026 · last used on January 15, 2026 Sign out there',
    ])
    provider.pass(24 * HOUR)
    await bond.open('/connected-apps')
    const [own, other] = sessionsOn(await phone.open('/account'))
    expect(own).toContain('last used on January 17, 2026')
    expect(other).toContain('last used on January 17, 2026')
  })

  it('[OA-44] a session that is ended from elsewhere is over at its next request; others, and those of others, stay', async () => {
    const [phone, tablet, moneypenny] = [provider.person(), provider.person(), provider.person()]
    await signInWith(bond, FIREFOX)
    await signInWith(phone, IPHONE)
    await signInWith(tablet, 'nonsense')
    await moneypenny.signIn(MONEYPENNY_EMAIL)
    const isIn = async (who: Person) => (await who.request('/account')).status === 200
    const page = await bond.open('/account')
    expect(sessionsOn(page).join()).toContain('A browser')
    const ofPhone = page.document
      .querySelectorAll('.people')[1]!
      .querySelectorAll('li')
      .find(({ text }) => text.includes('iOS'))!
    const session = ofPhone.querySelector('input[name=session]')!.getAttribute('value')!
    const said = await bond.submitAndFollow(page, { session }, END_SESSION)
    expect(said.text).toContain('You are signed out there.')
    expect(await Promise.all([bond, phone, tablet, moneypenny].map(isIn))).toEqual([true, false, true, true])
    // Its name opens nothing.
    const cookie = [...bond.cookies.keys()].find(name => name.includes('session'))!
    phone.cookies.set(cookie, session)
    expect(await isIn(phone)).toBe(false)
    const { body } = await admin('GET', `/audit-events?user_id=${BOND}&action=sessions.ended`)
    expect(body.data).toMatchObject([{ actor: { type: 'user', id: String(BOND) }, facts: { sessions: 1 } }])
    await signInWith(phone, IPHONE)
    await bond.submit(await bond.open('/account'), {}, 'main > article > form[action$="/end"]')
    expect(await Promise.all([bond, phone, tablet, moneypenny].map(isIn))).toEqual([true, false, false, true])
  })

  it('[OA-11] only a form of this session ends others, and never one of someone else', async () => {
    const [phone, moneypenny] = [provider.person(), provider.person()]
    await bond.signIn()
    await signInWith(phone, IPHONE)
    await moneypenny.signIn(MONEYPENNY_EMAIL)
    const page = await bond.open('/account')
    expect((await bond.submit(page, { form_token: 'x' }, END_SESSION)).status).toBe(403)
    const { body } = await admin('GET', '/users/779/sessions')
    await bond.submit(page, { session: body.data[0].session_id }, END_SESSION)
    expect((await moneypenny.request('/account')).status).toBe(200)
    expect((await phone.request('/account')).status).toBe(200)
  })

  it('the sessions of apps go on: a token is not a session', async () => {
    const phone = provider.person()
    const tokens = await client.tokens(await phone.code(client, { company: 1 }))
    await bond.signIn()
    await bond.submit(await bond.open('/account'), { others: 'yes' }, END_SESSION)
    expect((await phone.request('/account')).status).toBe(303)
    expect((await client.me(tokens.access_token)).status).toBe(200)
  })
})

describe('a password that is changed on the account page', () => {
  useProvider()
  const PASSWORD_FORM = 'form[action$="/password"]'
  const NEW = 'stirred-not-shaken'
  const change = async (fields: Record<string, string>) =>
    bond.submitAndFollow(await bond.open('/account'), fields, PASSWORD_FORM)
  const signsIn = async (password: string) =>
    (await provider.person().signIn(BOND_EMAIL, password)).text.includes('Connected apps')

  it('[OA-44] takes the present one, and signs out every browser, this one too', async () => {
    const phone = provider.person()
    await phone.signIn()
    await bond.signIn()
    expect((await change({ password: 'wrong', new_password: NEW })).text).toContain('The password is not right')
    expect((await change({ password: PASSWORD, new_password: 'short' })).text).toContain('at least 8 characters')
    expect((await phone.request('/account')).status).toBe(200)
    const done = await change({ password: PASSWORD, new_password: NEW })
    expect(done.text).toContain('Your password is changed')
    for (const who of [bond, phone]) expect((await who.request('/account')).status).toBe(303)
    expect(await signsIn(PASSWORD)).toBe(false)
    expect(await signsIn(NEW)).toBe(true)
  })

  it('[OA-17] changes nothing once the present one is another, and no other site can send the form', async () => {
    await bond.signIn()
    const page = await bond.open('/account')
    const forged = await bond.submit(page, { form_token: 'x', password: PASSWORD, new_password: NEW }, PASSWORD_FORM)
    expect(forged.status).toBe(403)
    const ran = beforeWrite(provider.runtime, /update "users" set "password_hash"/, () =>
      setPassword(provider.runtime, BOND, 'set-by-an-operator'),
    )
    const answer = await bond.submit(page, { password: PASSWORD, new_password: NEW }, PASSWORD_FORM)
    expect([ran(), answer.status]).toEqual([true, 303])
    expect(await signsIn(NEW)).toBe(false)
    expect(await signsIn('set-by-an-operator')).toBe(true)
  })
})

describe('sessions that end by themselves', () => {
  useProvider(() => ({ sessionIdleTimeout: 1800 }))

  it('a browser that is not used is signed out, and one that is used stays', async () => {
    await bond.signIn()
    const phone = provider.person()
    await phone.signIn()
    for (let times = 0; times < 6; times++) {
      provider.pass(20 * MINUTE)
      expect((await bond.request('/account')).status).toBe(200)
    }
    expect((await phone.request('/account')).status).toBe(303)
    provider.pass(31 * MINUTE)
    expect((await bond.request('/account')).status).toBe(303)
  })

  it('a use is written down a few times within the time-out, and not at each request', async () => {
    await bond.signIn()
    const { store } = provider.runtime
    const write = store.write.bind(store)
    let writes = 0
    store.write = statements => {
      // Background jobs write meanwhile.
      if (statements.some(({ sql }) => sql.startsWith('update "sessions"'))) writes += 1
      return write(statements)
    }
    for (let times = 0; times < 60; times++) {
      provider.pass(MINUTE)
      await bond.request('/account')
    }
    expect(writes).toBeGreaterThanOrEqual(6)
    expect(writes).toBeLessThanOrEqual(8)
  })
})
