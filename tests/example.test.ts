import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, newContext } from './support/chromium.ts'
import { type RunningExample, startExample } from './support/example-process.ts'
import { runCommand, temporaryFolder } from './support/sandbox-process.ts'

interface LinkView {
  account_id: string
  user_id: number
  company_id: number
  company_name: string
  status: string
}

/** A person with two companies, and what they read. */
const people = [
  {
    language: 'English',
    tag: 'en',
    direction: 'ltr',
    email: 'james.bond@mi6.example',
    companies: ['MI6', 'Universal Exports'],
    connected: 'Connected to MI6',
    continues: 'Continue',
    greeting: 'Hello, James Bond',
    add: 'Add another company',
    keep: 'Keep it',
    removed: 'Removed at the company',
  },
  {
    language: 'French',
    tag: 'fr',
    direction: 'ltr',
    email: 'vesper.lynd@universal-exports.example',
    companies: ['MI6', 'Universal Exports'],
    connected: 'Connecté à MI6',
    continues: 'Continuer',
    greeting: 'Bonjour Vesper Lynd',
    add: 'Ajouter une autre entreprise',
    keep: 'Garder',
    removed: 'Retirée par l’entreprise',
  },
  {
    language: 'Arabic',
    tag: 'ar',
    direction: 'rtl',
    email: 'elektra.king@osato-chemicals.example',
    companies: ['MI6', 'Osato Chemicals'],
    connected: 'تم الربط بـ MI6',
    continues: 'متابعة',
    greeting: 'مرحبًا إلكترا كينغ',
    add: 'إضافة شركة أخرى',
    keep: 'حفظ',
    removed: 'أُزيل التطبيق لدى الشركة',
  },
] as const

describe('Field Notes in a real browser', () => {
  const folder = temporaryFolder()
  let example: RunningExample
  let browser: Browser

  beforeAll(async () => {
    example = await startExample(folder.path)
    const vesper = ['--user', '782', '--company', '1', '--locale', 'fr_FR', '--data', example.sandboxData]
    expect(await runCommand(['member', 'add', ...vesper])).toMatchObject({ code: 0 })
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    expect(await example?.stop()).toBe(0)
    expect(example.log()).toBe('')
    folder.remove()
  })

  /** As a reader sees it, without the marks around names. */
  const heading = async (page: Page) => ((await page.textContent('h1')) ?? '').replace(/[\u2066-\u2069]/g, '')

  async function expectSound(page: Page, what: string) {
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

  async function signIn(page: Page, email: string) {
    await page.fill('input[name=email]', email)
    await page.fill('input[name=password]', example.facts.provider.password)
    await page.click('main button[type=submit]')
  }

  async function allow(page: Page, company: string) {
    await page.getByRole('radio', { name: company }).check()
    await page.click('main button[type=submit] >> nth=0')
    await page.click('button[value=allow]')
  }

  async function linksOf(context: BrowserContext): Promise<LinkView[]> {
    return (await context.request.get(`${example.facts.origin}/api/links`)).json()
  }

  for (const width of [1280, 360]) {
    it.each(people)(`Field Notes works from install to uninstall in $language, ${width} px wide`, async person => {
      const context = await newContext(browser, { viewport: { width, height: 900 }, locale: 'en-US' })
      const page = await context.newPage()
      const problems: string[] = []
      page.on('pageerror', error => problems.push(String(error)))
      page.on('console', message => {
        if (message.type() === 'error') problems.push(message.text())
      })
      const { origin, provider, install_url } = example.facts

      await page.goto(origin)
      await expectSound(page, 'landing')
      expect(await page.getByRole('link', { name: 'Connect a company' }).getAttribute('href')).toBe(
        new URL(install_url).pathname,
      )
      await page.goto(install_url)
      await signIn(page, person.email)
      await allow(page, person.companies[0])
      await page.waitForURL(`${origin}/connect/done`)
      expect(await heading(page)).toBe(person.connected)
      expect(await page.getAttribute('html', 'lang')).toBe(person.tag)
      expect(await page.getAttribute('html', 'dir')).toBe(person.direction)
      await expectSound(page, 'the connected page')
      await page.reload()
      expect(await heading(page)).toBe(person.connected)

      await page.getByRole('link', { name: person.continues }).click()
      await page.waitForURL(`${origin}/`)
      expect(await heading(page)).toBe(person.greeting)
      await page.getByRole('button', { name: person.add }).click()
      await allow(page, person.companies[1])
      await page.getByRole('link').first().click()
      await page.waitForURL(`${origin}/`)
      const links = await linksOf(context)
      expect(links.map(link => link.company_name)).toEqual(person.companies)
      expect(new Set(links.map(link => link.account_id)).size).toBe(1)

      const note = `Meeting in ${width} ${person.language}`
      await page.fill('textarea', note)
      await page.getByRole('button', { name: person.keep }).click()
      await expect.poll(() => page.textContent('.notes li p')).toBe(note)
      await expectSound(page, 'home')

      const atProvider = await context.newPage()
      await atProvider.goto(`${provider.origin}/connected-apps`)
      const ours = atProvider.locator('.installations > li', { hasText: 'Field Notes' })
      const item = ours.filter({ hasText: person.companies[0] })
      await item.locator('summary').click()
      await item.locator('details button').click()
      await expect.poll(() => ours.count()).toBe(1)
      await atProvider.close()
      // The page is not reloaded: it shows what happened.
      await expect.poll(() => page.locator('.companies .status').allTextContents()).toContain(person.removed)
      expect((await linksOf(context)).map(({ status }) => status)).toEqual(['uninstalled', 'active'])
      await expectSound(page, 'after the uninstall')
      expect(problems).toEqual([])
      await context.close()
    })
  }

  it('Field Notes asks before it adds a company that was installed from elsewhere, and adds it then', async () => {
    const context = await newContext(browser)
    const page = await context.newPage()
    const { origin, install_url } = example.facts
    await page.goto(install_url)
    await signIn(page, 'm@mi6.example')
    await allow(page, 'MI6')
    await page.waitForURL(`${origin}/connect/done`)
    await page.goto(`${install_url}?returnTo=/?added`)
    await allow(page, 'Universal Exports')
    await expect.poll(() => heading(page)).toBe('Add a company to your account')
    await expectSound(page, 'the question')
    expect((await linksOf(context)).map(link => link.company_name)).toEqual(['MI6'])
    await page.getByRole('button', { name: /Add .?Universal Exports/ }).click()
    await expect.poll(() => page.getByRole('radio', { name: 'Universal Exports' }).isChecked()).toBe(true)
    await allow(page, 'Universal Exports')
    await expect.poll(() => heading(page)).toBe('Connected to Universal Exports')
    expect((await linksOf(context)).map(link => link.company_name)).toEqual(['MI6', 'Universal Exports'])
    await page.getByRole('link', { name: 'Continue' }).click()
    await page.waitForURL(`${origin}/?added`)
    await context.close()
  })

  it('Field Notes lets a person disconnect, sign out, and sign in again on the same account with its notes', async () => {
    const context = await newContext(browser)
    const page = await context.newPage()
    const { origin, install_url } = example.facts
    const install = async (company: string) => {
      await page.goto(install_url)
      if (await page.locator('input[name=password]').isVisible())
        await signIn(page, 'auric.goldfinger@universal-exports.example')
      await allow(page, company)
      await page.waitForURL(`${origin}/connect/done`)
      await page.goto(origin)
    }
    await install('Osato Chemicals')
    await page.fill('textarea', '<script>alert("gold")</script>')
    await page.click('.write button')
    await expect.poll(() => page.textContent('.notes li p')).toBe('<script>alert("gold")</script>')
    await page.getByRole('button', { name: 'Disconnect' }).click()
    await expect.poll(() => page.locator('.companies .status').textContent()).toBe('Disconnected by you')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await expect.poll(() => page.getByRole('link', { name: 'Connect a company' }).count()).toBe(1)
    expect((await context.request.get(`${origin}/api/links`)).status()).toBe(401)
    await install('Osato Chemicals')
    expect(await page.textContent('.notes li p')).toBe('<script>alert("gold")</script>')
    expect((await linksOf(context)).map(({ status }) => status)).toEqual(['active'])
    await context.close()
  })

  it('Field Notes takes no form from another site, and disconnects no links of other people', async () => {
    const { origin } = example.facts
    for (const path of ['/notes', '/disconnect', '/sign-out', '/connect/start']) {
      const answer = await fetch(`${origin}${path}`, {
        method: 'POST',
        redirect: 'manual',
        headers: { Origin: 'https://evil.example', 'Content-Type': 'application/x-www-form-urlencoded' },
        body: 'text=x&company_id=1&user_id=777',
      })
      expect({ path, status: answer.status }).toEqual({ path, status: 403 })
    }
    const attacker = await fetch(`${origin}/disconnect`, {
      method: 'POST',
      headers: { Origin: origin, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'company_id=1&user_id=777',
    })
    expect(attacker.status).toBe(404)
    expect((await fetch(`${origin}/nowhere`)).status).toBe(404)
  })

  it('Field Notes keeps links and notes when it is started again', async () => {
    const own = temporaryFolder()
    const first = await startExample(own.path)
    const ports = [
      '--port',
      new URL(first.facts.origin).port,
      '--sandbox-port',
      new URL(first.facts.provider.origin).port,
    ]
    const context = await newContext(browser)
    const page = await context.newPage()
    await page.goto(first.facts.install_url)
    await page.fill('input[name=email]', 'james.bond@mi6.example')
    await page.fill('input[name=password]', first.facts.provider.password)
    await page.click('main button[type=submit]')
    await allow(page, 'MI6')
    await page.waitForURL(`${first.facts.origin}/connect/done`)
    expect(await first.stop()).toBe(0)
    const second = await startExample(own.path, ports)
    const links = await (await context.request.get(`${second.facts.origin}/api/links`)).json()
    expect(links).toMatchObject([{ company_name: 'MI6', status: 'active', user_id: 777, company_id: 1 }])
    await context.close()
    expect(await second.stop()).toBe(0)
    own.remove()
  })

  it('Field Notes says what to do where a port is taken or an option is not known', async () => {
    const port = new URL(example.facts.origin).port
    const own = temporaryFolder()
    await expect(startExample(own.path, ['--port', port, '--sandbox-port', '0'])).rejects.toThrow(
      new RegExp(`Port ${port} is taken.*--port`, 's'),
    )
    await expect(startExample(own.path, ['--port', '0', '--sandbox-port', port])).rejects.toThrow(/--sandbox-port/)
    await expect(startExample(own.path, ['--prot', '1'])).rejects.toThrow(/--prot[\s\S]*npm run example/)
    await expect(startExample(own.path, ['--port', 'x'])).rejects.toThrow(/x is no port/)
    own.remove()
  })
})
