import { parse } from 'node-html-parser'
import { addOperator, createResourceServer, removeInstallation, removeOperator, setActive } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { beforeWrite } from '../../../../tests/support/before-write.ts'
import { Client } from '../../../../tests/support/client.ts'
import type { Person, ShownPage } from '../../../../tests/support/person.ts'
import {
  BOND,
  BOND_EMAIL,
  CALLBACK,
  MI6,
  MONEYPENNY,
  MONEYPENNY_EMAIL,
  PASSWORD,
} from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { findApp, listApps } from '../store/queries/apps.ts'
import { listPendingCallbacks } from '../store/queries/uninstall-callbacks.ts'

/** An app as an operator registers it. */
const NOTES = { name: 'Ledger', redirect_uris: CALLBACK, scopes: 'base', install: 'user', uninstall_url: '' }

describe('the operators’ console', () => {
  useProvider()
  const pages = () => [
    '/operator',
    '/operator/search',
    '/operator/callbacks',
    '/operator/log',
    `/operator/users/${BOND}`,
    `/operator/companies/${MI6}`,
    `/operator/apps/${client.id}`,
    `/operator/apps/${client.id}/edit`,
    '/operator/new-app',
  ]
  const post = (page: ShownPage, path: string, fields: Record<string, string>, who: Person = person) =>
    who.request(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        form_token: page.document.querySelector('main input[name=form_token]')!.getAttribute('value')!,
        ...fields,
      }).toString(),
    })
  const app = () => findApp(provider.runtime.store, client.id)

  beforeEach(async () => {
    await addOperator(provider.runtime, BOND)
    await person.signIn()
  })

  it('the console of the platform is there for operators alone, and as if it were not for all others', async () => {
    for (const path of pages()) expect([path, (await person.open(path)).status]).toEqual([path, 200])
    const eve = provider.person()
    await eve.signIn(MONEYPENNY_EMAIL)
    for (const path of pages()) expect([path, (await eve.open(path)).status]).toEqual([path, 404])
    const withoutSession = await provider.person().request('/operator')
    expect(withoutSession.headers.get('Location')).toContain('/sign-in?return_to=')
    // Her own form, and the operator's.
    const hers = await eve.open('/account')
    const form = {
      form_token: hers.document.querySelector('input[name=form_token]')?.getAttribute('value') ?? '',
      change: 'verify',
    }
    const theirs = await person.open(`/operator/apps/${client.id}`)
    expect((await post(theirs, `/operator/apps/${client.id}`, { change: 'verify' }, eve)).status).toBe(404)
    expect((await post(theirs, `/operator/apps/${client.id}`, form, eve)).status).toBe(404)
    expect((await person.request(`/operator/apps/${client.id}`, { method: 'POST', body: '' })).status).toBe(403)
    expect((await app())!.verified_at).toBeNull()
    await removeOperator(provider.runtime, BOND)
    expect((await person.open('/operator')).status).toBe(404)
  })

  it('[OA-17] an operator who is none any more in the commit changes nothing', async () => {
    const path = `/operator/apps/${client.id}`
    const page = await person.open(path)
    const before = await app()
    for (const [action, fields] of [
      [path, { change: 'verify' }],
      [`${path}/edit`, { ...NOTES, name: 'Other' }],
      [`${path}/secret`, { keep: '0', password: PASSWORD }],
      ['/operator/new-app', NOTES],
    ] as const) {
      await addOperator(provider.runtime, BOND)
      const ran = beforeWrite(provider.runtime, /from "operators"/, () => removeOperator(provider.runtime, BOND))
      const answer = await post(page, action, fields)
      expect([action, ran(), answer.status]).toEqual([action, true, 404])
    }
    await addOperator(provider.runtime, BOND)
    const ran = beforeWrite(provider.runtime, /from "operators"/, () => setActive(provider.runtime, BOND, false))
    expect([(await post(page, path, { change: 'verify' })).status, ran()]).toEqual([404, true])
    expect(await app()).toEqual(before)
    expect(await listApps(provider.runtime.store, { search: NOTES.name, limit: 5 })).toEqual([])
  })

  it('an operator registers an app, edits it, and makes another secret while the first still counts', async () => {
    const form = await person.open('/operator/new-app')
    const wrong = await post(form, '/operator/new-app', { ...NOTES, redirect_uris: 'http://notes.example/callback' })
    const again = parse(await wrong.text())
    expect([wrong.status, again.querySelector('textarea')!.text]).toEqual([422, 'http://notes.example/callback'])
    expect(again.querySelector('[role=alert]')!.text).toContain('https')
    const made = parse(await (await post(form, '/operator/new-app', NOTES)).text())
    const [id, secret] = made.querySelectorAll('dd code').map(each => each.text)
    const notes = new Client(provider.fetch, id!, secret!, CALLBACK)
    const code = await person.code(notes, { company: MI6 })
    expect((await notes.tokens(code)).access_token).toMatch(/^tny_at_/)
    const path = `/operator/apps/${id}`
    const page = await person.open(path)
    expect(page.text).not.toContain(secret)
    const edited = await person.open(`${path}/edit`)
    expect(edited.document.querySelector('input[name=name]')!.getAttribute('value')).toBe(NOTES.name)
    await post(edited, `${path}/edit`, {
      ...NOTES,
      name: 'Shared Ledger',
      redirect_uris: `${CALLBACK}\nhttps://notes.example/b`,
    })
    expect(await findApp(provider.runtime.store, id!)).toMatchObject({
      name: 'Shared Ledger',
      redirect_uris: JSON.stringify([CALLBACK, 'https://notes.example/b']),
    })
    expect((await post(page, `${path}/secret`, { keep: '1', password: 'wrong' })).status).toBe(422)
    const rotated = parse(await (await post(page, `${path}/secret`, { keep: '1', password: PASSWORD })).text())
    const second = rotated.querySelectorAll('dd code')[1]!.text
    for (const each of [secret!, second]) {
      const client = new Client(provider.fetch, id!, each, CALLBACK)
      expect((await client.tokens(await person.code(client, { company: MI6 }))).access_token).toMatch(/^tny_at_/)
    }
    expect((await post(page, `${path}/secret`, { keep: '400', password: PASSWORD })).status).toBe(400)
    const log = await person.open('/operator/log')
    expect(log.text).toContain('app.secret_rotated')
  })

  it('[OA-36] the search finds by id, name, e-mail, domain, client id and token, and no token is in an address or on a page', async () => {
    await createResourceServer(provider.runtime, {
      name: 'Telegrams',
      identifier: 'https://desk.example/telegrams',
      scopes: { 'telegrams:read': { en: 'Read telegrams' } },
    })
    const form = await person.open('/operator')
    const { access_token, refresh_token } = await client.tokens(await person.code(client, { company: MI6 }))
    const found = async (text: string) => {
      const page = await person.submitAndFollow(form, { q: text }, 'search form')
      expect(page.html.includes(text) && text.startsWith('tny_')).toBe(false)
      return page.document.querySelectorAll('main .people a').map(each => each.getAttribute('href'))
    }
    const [user, company, ofApp] = [
      `/operator/users/${BOND}`,
      `/operator/companies/${MI6}`,
      `/operator/apps/${client.id}`,
    ]
    expect(await found(String(BOND))).toEqual([user])
    expect(await found('james')).toEqual([user])
    expect(await found(BOND_EMAIL.toUpperCase())).toEqual([user])
    expect(await found('j.bond@universal-exports.example')).toEqual([user])
    expect(await found('casinoroyale')).toEqual([company])
    expect(await found(client.id)).toEqual([ofApp])
    expect(await found(access_token)).toEqual([company, user, ofApp])
    expect(await found(refresh_token)).toEqual([company, user, ofApp])
    // The beginning of one, as a log may have it, one with a digit too few, and what is no token of a user.
    expect(await found(access_token.slice(0, 12))).toEqual([company])
    expect(await found(refresh_token.slice(0, -1))).toEqual([company])
    expect(await found('tny_at_99_00')).toEqual([])
    expect(await found(client.secret!)).toEqual([])
    expect(await found('telegrams')).toEqual(['/operator/resource-servers/1'])
    const server = await person.open('/operator/resource-servers/1')
    expect(server.text).toContain('https://desk.example/telegrams')
    expect(server.text).toContain('telegrams:read')
    expect((await person.open('/operator/resource-servers/2')).status).toBe(404)
    expect(await found('nothing of the kind')).toEqual([])
    expect(await found('%')).toEqual([])
  })

  it('an operator verifies an app, and disables it with their password, which the log tells', async () => {
    const path = `/operator/apps/${client.id}`
    const { access_token } = await client.tokens(await person.code(client, { company: MI6 }))
    const page = await person.open(path)
    await post(page, path, { change: 'verify' })
    expect(await app()).toMatchObject({ verified_by: `user ${BOND}` })
    expect((await post(page, path, { change: 'disable', password: 'wrong' })).status).toBe(422)
    expect((await client.me(access_token)).status).toBe(200)
    await post(page, path, { change: 'disable', password: PASSWORD })
    expect((await client.me(access_token)).status).toBe(401)
    await post(page, path, { change: 'enable' })
    await post(page, path, { change: 'unverify' })
    expect((await client.me(access_token)).status).toBe(200)
    expect((await post(page, path, { change: 'delete' })).status).toBe(400)
    const log = await person.open('/operator/log?action=app.changed')
    expect(log.document.querySelectorAll('tbody tr')).toHaveLength(4)
    expect(log.text).toContain(`user ${BOND}`)
  })

  it('callbacks come page by page, and those of one app alone', async () => {
    const { store } = provider.runtime
    const told = await provider.registerApp({ uninstallUrl: 'http://127.0.0.1:9/gone' })
    const insert = (user: number) => `INSERT INTO uninstall_callbacks
      (company_id, user_id, client_id, ended_at, attempts, next_attempt_at) VALUES (${MI6}, ${user}, '${told.id}', 5, 0, 9999999999999)`
    await store.write(Array.from({ length: 60 }, (_, index) => ({ sql: insert(index + 1), parameters: [] })))
    const usersOn = (page: ShownPage) =>
      page.document.querySelectorAll('main input[name=user_id]').map(each => Number(each.getAttribute('value')))
    const first = await person.open(`/operator/callbacks?client_id=${told.id}`)
    const second = await person.open(
      first.document.querySelector('main p a')!.getAttribute('href')!.replaceAll('&amp;', '&'),
    )
    expect([...usersOn(first), ...usersOn(second)]).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
    expect(usersOn(first)).toHaveLength(50)
    expect(usersOn(await person.open(`/operator/callbacks?client_id=${client.id}`))).toEqual([])
    expect(usersOn(await person.open('/operator/callbacks?after=x'))).toHaveLength(50)
    const links = (await person.open('/account')).document
      .querySelectorAll('main a')
      .map(each => each.getAttribute('href'))
    expect(links).toContain('/operator')
  })

  it('a callback that was not delivered is shown with why, and sent again', async () => {
    const told = await provider.registerApp({ uninstallUrl: 'http://127.0.0.1:9/gone' })
    await person.code(told, { company: MI6 })
    await removeInstallation(provider.runtime, { company_id: MI6, user_id: BOND, client_id: told.id })
    const { store } = provider.runtime
    await expect.poll(async () => (await listPendingCallbacks(store))[0]?.last_error).toContain('ECONNREFUSED')
    const page = await person.open('/operator/callbacks')
    expect(page.text).toContain('ECONNREFUSED')
    const answer = await person.submit(page, {})
    expect(answer.headers.get('Location')).toContain('again=yes')
    expect((await listPendingCallbacks(store))[0]!.attempts).toBe(0)
    expect((await post(page, '/operator/callbacks', { company_id: 'x', user_id: '1', ended_at: '1' })).status).toBe(400)
  })

  it('what users and companies called themselves begins no tag on the pages', async () => {
    const { store } = provider.runtime
    const name = '<script>alert(1)</script>'
    const { sql } = store.db.updateTable('users').set({ name }).where('user_id', '=', MONEYPENNY).compile()
    await store.write([{ sql, parameters: [name, MONEYPENNY] }])
    const form = await person.open('/operator/search')
    for (const page of [
      await person.open(`/operator/users/${MONEYPENNY}`),
      await person.submitAndFollow(form, { q: 'script' }, 'search form'),
    ]) {
      expect(page.document.querySelector('main script')).toBeNull()
      expect(page.text).toContain(name)
    }
  })
})
