import { AxeBuilder } from '@axe-core/playwright'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { newContext } from './support/chromium.ts'
import { browser, database, sandbox, signIn, useSandboxInChromium } from './support/chromium-sandbox.ts'
import { runCommand } from './support/sandbox-process.ts'

const BOND = 'james.bond@mi6.example'
const ELEKTRA = 'elektra.king@osato-chemicals.example'

describe('in a real browser', () => {
  useSandboxInChromium()

  /** Runs with a page of a new browser; nothing may go wrong on it. */
  async function visit<Result>(options: BrowserContextOptions, work: (page: Page) => Promise<Result>): Promise<Result> {
    const context = await newContext(browser, options)
    const page = await context.newPage()
    const problems: string[] = []
    page.on('pageerror', error => problems.push(String(error)))
    page.on('console', message => {
      // A page with an error status is reported there too; those statuses are meant.
      if (message.type() === 'error' && !/status of (400|403|404|409|422)/.test(message.text()))
        problems.push(message.text())
    })
    page.on('request', request => {
      if (new URL(request.url()).hostname !== 'localhost' && !request.url().startsWith('data:')) {
        problems.push(`loads ${request.url()}`)
      }
    })
    try {
      return await work(page)
    } finally {
      await context.close()
      expect(problems).toEqual([])
    }
  }

  const start = (page: Page, query = '') => page.goto(`${sandbox.facts.origin}/sandbox/install${query}`)
  const authorizeUrl = (state = 'x') =>
    `${sandbox.facts.origin}/oauth/authorize?${new URLSearchParams({
      client_id: sandbox.facts.client_id,
      redirect_uri: `${sandbox.facts.origin}/callback`,
      state,
    })}`

  async function beginDevice() {
    const { origin, client_id, client_secret } = sandbox.facts
    const answer = await fetch(`${origin}/oauth/device_authorization`, {
      method: 'POST',
      headers: { Authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
      body: new URLSearchParams({ scope: 'base' }),
    })
    return (await answer.json()) as Record<'user_code' | 'verification_uri' | 'verification_uri_complete', string>
  }

  /** What members and administrators of a company see of its policy. */
  async function checkConsole(page: Page, check: (what: string) => Promise<void>) {
    const { origin } = sandbox.facts
    const setDefault = (policy: string) =>
      fetch(`${origin}/admin/v1/companies/1/app-policy`, {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${sandbox.facts.admin_key}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ default: policy }),
      })
    const switchTo = async (email: string, address: string) => {
      await page.context().clearCookies()
      await page.goto(address)
      await signIn(page, email)
    }
    await setDefault('listed')
    await switchTo('le.chiffre@mi6.example', authorizeUrl())
    await check('app not allowed')
    await setDefault('ask')
    await page.reload()
    await check('app to be asked for')
    if (await page.locator('textarea').count()) {
      await page.fill('textarea', 'A reason')
      await page.click('main button[type=submit] >> nth=0')
    }
    await page.waitForSelector('h1')
    await check('app asked for')
    await switchTo(BOND, `${origin}/company/1`)
    for (const section of ['', '/requests', '/rules', '/log', `/apps/${sandbox.facts.client_id}`]) {
      await page.goto(`${origin}/company/1${section}`)
      await check(`console ${section}`)
    }
    await page.check('input[name=decision][value=blocked]')
    await page.click('main button[type=submit] >> nth=0')
    await page.waitForSelector('button.danger')
    await check('console, blocking')
    await setDefault('allow')
  }

  async function choose(page: Page, company: string) {
    await page.getByRole('radio', { name: company }).check()
    await page.click('main button[type=submit] >> nth=0')
  }

  it('Bond signs in, picks Universal Exports, allows, and /users/me speaks of company 2; then again with MI6', async () => {
    await visit({}, async page => {
      await page.goto(sandbox.facts.origin)
      await page.getByRole('button', { name: 'Install the Sandbox App' }).click()
      await signIn(page, BOND)
      await choose(page, 'Universal Exports')
      await expect.poll(() => page.locator('.tile').textContent()).toContain('Universal Exports')
      await page.getByRole('button', { name: 'Allow' }).click()
      await expect.poll(() => page.textContent('h1')).toBe('James Bond at Universal Exports')
      await expect.poll(() => page.textContent('body')).toContain('"company_id": 2')

      await start(page)
      await expect.poll(() => page.getByRole('radio', { name: 'Universal Exports' }).isChecked()).toBe(true)
      await choose(page, 'MI6')
      await page.getByRole('button', { name: 'Allow' }).click()
      await expect.poll(() => page.textContent('h1')).toBe('James Bond at MI6')
      await expect.poll(() => page.textContent('body')).toContain('"company_id": 1')
    })
  })

  it('a person who refuses consent returns to the app with access_denied', async () => {
    await visit({}, async page => {
      await start(page)
      await signIn(page, BOND)
      await choose(page, 'MI6')
      await page.getByRole('button', { name: 'Cancel' }).click()
      await expect.poll(() => page.textContent('body')).toContain('access_denied')
    })
  })

  it('a wrong password is reported, keeps the e-mail, and can be corrected', async () => {
    await visit({}, async page => {
      await start(page)
      await signIn(page, BOND, 'not the password')
      await expect.poll(() => page.getByRole('alert').textContent()).toContain('not right')
      expect(await page.inputValue('input[name=email]')).toBe(BOND)
      expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('password')
      await page.fill('input[name=password]', sandbox.facts.password)
      await page.keyboard.press('Enter')
      await expect.poll(() => page.textContent('h1')).toBe('Choose a company')
    })
  })

  it('a stale consent after another tab changed company grants nothing', async () => {
    await visit({}, async first => {
      await first.goto(authorizeUrl())
      await signIn(first, BOND)
      await choose(first, 'MI6')
      const second = await first.context().newPage()
      await second.goto(authorizeUrl())
      await choose(second, 'Universal Exports')
      await first.getByRole('button', { name: 'Allow' }).click()
      expect(first.url()).toContain('/oauth/authorize')
      await expect
        .poll(() => first.getByRole('status').textContent())
        .toContain('You chose Universal Exports in another tab')
      await first.getByRole('button', { name: 'Allow' }).click()
      await expect.poll(() => first.url()).toMatch(/\/callback\?code=tny_ac_1_/)
    })
  })

  it('a member of one company is not asked which', async () => {
    await visit({}, async page => {
      await start(page)
      await signIn(page, 'vesper.lynd@universal-exports.example')
      await expect.poll(() => page.textContent('h1')).toBe('Autoriser Sandbox App ?')
      await page.getByRole('button', { name: 'Autoriser' }).click()
      await expect.poll(() => page.textContent('h1')).toBe('Vesper Lynd at Universal Exports')
    })
  })

  it('the pages work without JavaScript', async () => {
    await visit({ javaScriptEnabled: false }, async page => {
      await start(page)
      await signIn(page, BOND)
      await choose(page, 'MI6')
      await page.click('button[value=allow]')
      await expect.poll(() => page.textContent('h1')).toBe('James Bond at MI6')
      await page.goto(`${sandbox.facts.origin}/connected-apps`)
      await page.click('summary >> nth=0')
      await page.getByRole('button', { name: 'Yes, remove Sandbox App' }).first().click()
      await expect.poll(() => page.getByRole('status').textContent()).toMatch(/Sandbox App was removed from/)
    })
  })

  it('a device is connected on its page, with JavaScript or without', async () => {
    for (const javaScriptEnabled of [true, false]) {
      await visit({ javaScriptEnabled }, async page => {
        const { user_code, verification_uri } = await beginDevice()
        await page.goto(verification_uri)
        await signIn(page, BOND)
        await page.fill('input[name=user_code]', user_code.toLowerCase())
        await page.click('main button[type=submit]')
        await choose(page, 'MI6')
        await page.click('button[value=allow]')
        await expect.poll(() => page.textContent('h1')).toBe('Your device is connected')
      })
    }
  })

  it('the pages are right to left in Arabic', async () => {
    await visit({ locale: 'ar-SA', viewport: { width: 360, height: 740 } }, async page => {
      await start(page)
      expect(await page.getAttribute('html', 'dir')).toBe('rtl')
      await signIn(page, ELEKTRA)
      const radio = await page.locator('input[type=radio]').first().boundingBox()
      const name = await page.locator('.choices .name').first().boundingBox()
      expect(radio!.x).toBeGreaterThan(name!.x)
      await page.click('main button[type=submit] >> nth=0')
      await expect.poll(() => page.textContent('h1')).toBe('هل تسمح لـ \u2068Sandbox App\u2069؟')
    })
  })

  it('the flow can be done with the keyboard alone', async () => {
    await visit({}, async page => {
      const focused = () => page.evaluate(() => document.activeElement?.getAttribute('name'))
      await start(page)
      await expect.poll(focused).toBe('email')
      await page.keyboard.type(BOND)
      await page.keyboard.press('Tab')
      await expect.poll(focused).toBe('password')
      await page.keyboard.type(sandbox.facts.password)
      await page.keyboard.press('Enter')
      await page.waitForSelector('input[name=company_id]')
      await page.keyboard.press('Tab')
      await expect.poll(focused).toBe('company_id')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await page.waitForSelector('button[value=allow]')
      await page.focus('button[value=allow]')
      await page.keyboard.press('Enter')
      await expect.poll(() => page.textContent('h1')).toMatch(/^James Bond at /)
    })
  })

  it('going back, forward and reloading on the way harm nothing', async () => {
    await visit({}, async page => {
      await start(page)
      await signIn(page, BOND)
      await choose(page, 'MI6')
      await page.waitForSelector('button[value=allow]')
      await page.reload()
      await page.goBack()
      await page.goForward()
      expect(await page.locator('.tile').textContent()).toContain('MI6')
      await page.getByRole('button', { name: 'Allow' }).click()
      await expect.poll(() => page.textContent('h1')).toBe('James Bond at MI6')
    })
  })

  it('an app whose callback goes on to another address gets there', async () => {
    const { createServer } = await import('node:http')
    const hop = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://x')
      const { port } = hop.address() as { port: number }
      if (pathname === '/callback') response.writeHead(303, { Location: `http://localhost:${port}/done` }).end()
      else response.end('<h1>arrived</h1>')
    })
    await new Promise<void>(resolve => hop.listen(0, '127.0.0.1', resolve))
    const { port } = hop.address() as { port: number }
    const context = await newContext(browser)
    const page = await context.newPage()
    const query = { client_id: sandbox.facts.client_id, redirect_uri: `http://127.0.0.1:${port}/callback` }
    await page.goto(`${sandbox.facts.origin}/oauth/authorize?${new URLSearchParams(query)}`)
    await signIn(page, BOND)
    await choose(page, 'MI6')
    await page.getByRole('button', { name: 'Allow' }).click()
    await expect.poll(() => page.textContent('h1')).toBe('arrived')
    await context.close()
    hop.close()
    hop.closeAllConnections()
  })

  describe.each([
    ['360 px, light', { viewport: { width: 360, height: 740 } }],
    ['1280 px, dark', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' as const }],
    ['360 px, Arabic', { viewport: { width: 360, height: 740 }, locale: 'ar' }],
  ])('every page at %s', (_name, options) => {
    it('no page has an accessibility violation that axe finds, and nothing overflows', async () => {
      await visit(options, async page => {
        const check = async (what: string) => {
          const { violations } = await new AxeBuilder({ page }).analyze()
          expect({ what, violations: violations.map(({ id, nodes }) => [id, nodes.map(node => node.html)]) }).toEqual({
            what,
            violations: [],
          })
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          )
          expect({ what, overflow }).toEqual({ what, overflow: 0 })
        }
        await page.goto(sandbox.facts.origin)
        await check('home')
        await start(page)
        await check('sign-in')
        await signIn(page, BOND, 'wrong')
        await check('sign-in, wrong password')
        await signIn(page, ELEKTRA)
        await check('chooser')
        await page.click('main button[type=submit] >> nth=0')
        await check('consent')
        await page.click('button[value=allow]')
        await check('callback')
        await page.goto(`${sandbox.facts.origin}/connected-apps`)
        await page.click('summary')
        await check('connected apps')
        await page.click('.installations a >> nth=0')
        await check('what an app keeps')
        const device = await beginDevice()
        await page.goto(device.verification_uri)
        await check('device code')
        await page.fill('input[name=user_code]', 'nonsense')
        await page.keyboard.press('Enter')
        await page.waitForSelector('[role=alert]')
        await check('device code, wrong')
        await page.goto(device.verification_uri_complete)
        await page.click('main button[type=submit]')
        await page.waitForSelector('input[name=company_id]')
        await page.click('main button[type=submit] >> nth=0')
        await page.waitForSelector('button[value=allow]')
        await check('consent for a device')
        await page.click('button[value=allow]')
        await page.waitForURL('**/device/allowed')
        await check('device allowed')
        await page.goto(`${sandbox.facts.origin}/device/denied`)
        await check('device denied')
        await checkConsole(page, check)
        await page.goto(`${sandbox.facts.origin}/account`)
        await check('account')
        await page.goto(`${sandbox.facts.origin}/sign-out`)
        await check('sign-out')
        await page.click('main button[type=submit]')
        await check('signed out')
        await page.goto(`${sandbox.facts.origin}/nothing-here`)
        await check('not found')
        await page.goto(`${sandbox.facts.origin}/oauth/authorize?client_id=unknown`)
        await check('unknown app')
        await start(page)
        await signIn(page, 'bill.tanner@mi6.example')
        await check('active nowhere')
      })
    })
  })

  it('a membership removed while the consent page is open grants nothing', async () => {
    await visit({}, async page => {
      await page.goto(authorizeUrl())
      await signIn(page, 'q@mi6.example')
      await page.waitForSelector('button[value=allow]')
      const removed = await runCommand(['member', 'remove', '--company', '1', '--user', '780', ...database.flags])
      expect(removed.code).toBe(0)
      await page.click('button[value=allow]')
      await expect.poll(() => page.textContent('h1')).toBe('No company to choose')
    })
  })
})
