import { describe, expect, it } from 'vitest'
import { APP_CALLBACK, AT_MI6, BOND, createTestApp, textOf } from '../../../../tests/support/kit.ts'
import { app, provider, useKit } from '../../../../tests/support/kit-of-test.ts'

const START = new URL('start', APP_CALLBACK)
const DONE = new URL('done', APP_CALLBACK)
const AT_NOTES = { ...BOND, company: 1 }

useKit()

/** A browser that has installed, its callback, and the cookie that it was given for the page. */
async function installed() {
  const person = provider.person(app.connect)
  const callback = await person.walk(`${START}?returnTo=/notes`, APP_CALLBACK, AT_NOTES)
  const answer = await person.request(callback)
  const cookie = answer.headers.getSetCookie().find(line => line.includes('done-connect='))!
  return { person, callback, answer, cookie }
}

const isSentTo = (response: Response) => [response.status, response.headers.get('Location')]

describe('the page that says who is connected where', () => {
  it('the page that says who is connected where can be loaded again, while the callback works once', async () => {
    const { person, callback, answer } = await installed()
    expect(isSentTo(answer)).toEqual([303, DONE.pathname])
    for (let time = 0; time < 3; time++) {
      const page = await person.request(DONE)
      expect([page.status, page.headers.get('Cache-Control')]).toEqual([200, 'no-store'])
      expect(await textOf(page)).toContain('You are James Bond at MI6.')
    }
    expect((await person.request(callback)).status).toBe(400)
    expect((await person.request(DONE)).status).toBe(200)
  })

  it('the page that says who is connected where is only for the browser that installed', async () => {
    const { cookie } = await installed()
    expect(cookie).toMatch(/^__Host-done-connect=\S+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    expect(isSentTo(await provider.person(app.connect).request(DONE))).toEqual([303, '/'])
  })

  it('the page that says who is connected where leads on to the app once there is nothing to say any more', async () => {
    const first = await installed()
    await provider.uninstall(app.connect, AT_MI6)
    expect(isSentTo(await first.person.request(DONE))).toEqual([303, '/notes'])
    await app.connect.forget(AT_MI6)
    expect(isSentTo(await first.person.request(DONE))).toEqual([303, '/notes'])
    const second = await installed()
    provider.pass(11 * 60_000)
    expect(isSentTo(await second.person.request(DONE))).toEqual([303, '/'])
  })

  it('the page that says who is connected where believes no cookie that the kit did not make for it', async () => {
    const { cookie } = await installed()
    const start = await app.connect.handler(new Request(START))
    const flow = start.headers
      .getSetCookie()[0]!
      .split(';')[0]!
      .replace(/^[^=]+=/, '')
    const [, payload, signature] = /=([^.]+)\.([^;]+)/.exec(cookie)!
    const done = JSON.parse(Buffer.from(payload!, 'base64url').toString())
    const changed = Buffer.from(JSON.stringify({ ...done, userId: 779 })).toString('base64url')
    const open = (value: string) =>
      app.connect.handler(new Request(DONE, { headers: { Cookie: `__Host-done-connect=${value}` } }))
    expect((await open(`${payload}.${signature}`)).status).toBe(200)
    for (const value of [flow, `${changed}.${signature}`, `${payload}`, `${payload}.`, '', '.', '=', '%']) {
      expect([value, ...isSentTo(await open(value))]).toEqual([value, 303, '/'])
    }
    // And the other way round: it begins no flow.
    const name = start.headers.getSetCookie()[0]!.split('=')[0]
    const state = new URL(start.headers.get('Location')!).searchParams.get('state')
    const callback = await app.connect.handler(
      new Request(`${APP_CALLBACK}?code=x&state=${state}`, { headers: { Cookie: `${name}=${payload}.${signature}` } }),
    )
    expect(callback.status).toBe(400)
  })

  it('two kits in one folder have a page each that says who is connected where', async () => {
    const paths = ['one', 'two'].map(name => {
      const { connect } = createTestApp(provider, { startPath: `/auth/start/${name}`, redirectUri: APP_CALLBACK })
      return [`${connect.startPath}-done`, `${connect.startPath}.css`].filter(connect.handles)
    })
    expect(paths).toEqual([
      ['/auth/start/one-done', '/auth/start/one.css'],
      ['/auth/start/two-done', '/auth/start/two.css'],
    ])
  })
})
