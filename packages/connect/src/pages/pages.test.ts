import { setMember } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { APP_CALLBACK, BOND, createTestApp, installToPage, textOf } from '../../../../tests/support/kit.ts'
import { app, provider, useApp, useKit } from '../../../../tests/support/kit-of-test.ts'

useKit()

describe('the pages of the flow', () => {
  it('the pages of the flow can be the app’s own', async () => {
    useApp({ renderPage: page => new Response(`mine: ${page.kind}`, { status: 418 }) })
    const connected = await installToPage(provider, app.connect, { ...BOND, company: 1 })
    expect([connected.status, await connected.text()]).toEqual([418, 'mine: connected'])
    const failed = await app.connect.handler(new Request(`${APP_CALLBACK}?code=x&state=y`))
    expect(await failed.text()).toBe('mine: failed')
  })

  it('the pages of the flow are the kit’s where the app’s own fail', async () => {
    useApp({
      renderPage: () => {
        throw new Error('the template is broken')
      },
    })
    const answer = await app.connect.handler(new Request(`${APP_CALLBACK}?code=x&state=y`))
    expect(answer.status).toBe(400)
    expect(await textOf(answer)).toContain('This did not start here')
    expect(String(app.reported.errors[0])).toContain('the template is broken')
  })

  it('the pages of the flow escape what the provider says', async () => {
    await setMember(provider.tenantry.runtime, 1, 777, { name: '<img src=x onerror=alert(1)>' })
    const answer = await installToPage(provider, app.connect, { ...BOND, company: 1 })
    expect(await answer.text()).not.toContain('<img')
    expect(answer.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
  })

  it('the pages of the flow answer other methods and paths as the standard says', async () => {
    const put = await app.connect.handler(new Request(APP_CALLBACK, { method: 'PUT' }))
    expect([put.status, put.headers.get('Allow')]).toEqual([405, 'GET, DELETE'])
    for (const method of ['constructor', 'toString', 'HEAD']) {
      expect((await app.connect.handler(new Request(APP_CALLBACK, { method }))).status).toBe(405)
    }
    for (const path of ['/elsewhere', '/', '/connect/callback//', '//connect/callback']) {
      expect((await app.connect.handler(new Request(`https://notes.example${path}`))).status).toBe(404)
    }
  })

  it('the pages of the flow carry the app’s brand, with colours that can be read', async () => {
    useApp({ brand: { name: 'Notes <&>', logo: '/logo.svg', color: '#ffd400' } })
    const html = await (await installToPage(provider, app.connect, { ...BOND, company: 1 })).text()
    expect(html).toContain('<img src="/logo.svg" alt="" height="32"> Notes &lt;&amp;&gt;')
    const stylesheet = new URL('connect.css', APP_CALLBACK)
    const style = await (await app.connect.handler(new Request(stylesheet))).text()
    expect(style).toContain('--accent: #ffd400; --on-accent: #10161d;')
    for (const brand of [{ logo: 'https://elsewhere.example/x.svg' }, { logo: '//x' }, { color: 'red; }' }]) {
      expect(() => createTestApp(provider, { brand })).toThrow(/brand\./)
    }
  })
})
