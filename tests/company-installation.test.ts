import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, newContext } from './support/chromium.ts'
import { type RunningExample, startExample } from './support/example-process.ts'
import { runCommand, temporaryFolder } from './support/sandbox-process.ts'
import { expectSound } from './support/sound-page.ts'

describe('an app that is installed for a company, in a real browser', () => {
  const folder = temporaryFolder()
  let example: RunningExample
  let browser: Browser
  let clientId: string

  beforeAll(async () => {
    example = await startExample(folder.path)
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    expect(await example?.stop()).toBe(0)
    folder.remove()
  })

  const command = async (...args: string[]) =>
    expect(await runCommand([...args, '--data', example.sandboxData])).toMatchObject({ code: 0 })

  async function signIn(page: Page, email: string) {
    await page.fill('input[name=email]', email)
    await page.fill('input[name=password]', example.facts.provider.password)
    await page.click('main button[type=submit]')
  }

  const open = async (email: string, options: BrowserContextOptions = {}) => {
    const page = await (await newContext(browser, options)).newPage()
    await page.goto(example.facts.install_url)
    await signIn(page, email)
    return page
  }

  it('an administrator installs it for everyone, and is signed in as themself', async () => {
    const page = await open('james.bond@mi6.example')
    await page.getByRole('radio', { name: 'MI6' }).check()
    await page.click('main button[type=submit] >> nth=0')
    expect(await page.getByRole('radio', { name: 'Only me' }).isChecked()).toBe(true)
    clientId = new URL(page.url()).searchParams.get('client_id')!
    await expectSound(page, 'consent')
    await page.getByRole('radio', { name: 'Everyone at MI6' }).check()
    await page.click('button[value=allow]')
    // The second time the provider only asks which company.
    expect(await page.getByRole('radio', { name: 'MI6' }).isChecked()).toBe(true)
    await page.click('main button[type=submit] >> nth=0')
    await page.waitForURL(`${example.facts.origin}/connect/done`)
    await page.goto(example.facts.origin)
    await expectSound(page, 'Field Notes')
    await page.fill('#notes-1-text', 'Meet at the casino')
    await page.locator('section.notebook', { hasText: 'Notes of' }).getByRole('button').click()
    await expect.poll(() => page.textContent('main')).toContain('Meet at the casino')
    await page.context().close()
  })

  it('a member opens it without being asked, also once the installer has left', async () => {
    const opened = async (email: string) => {
      const page = await open(email)
      await page.waitForURL(`${example.facts.origin}/connect/done`)
      await page.goto(example.facts.origin)
      expect(await page.textContent('main')).toContain('Meet at the casino')
      await page.context().close()
    }
    await opened('eve.moneypenny@mi6.example')
    await command('member', 'remove', '--company', '1', '--user', '777', '--yes')
    await opened('q@mi6.example')
  })

  it('a member sees it under Connected apps, takes a scope back and leaves it out', async () => {
    const page = await open('q@mi6.example')
    const connected = `${example.facts.provider.origin}/connected-apps`
    await page.goto(connected)
    expect(await page.textContent('main')).toContain('installed it for its members')
    await expectSound(page, 'Connected apps')
    await page.locator('.installations > li', { hasText: 'Field Notes' }).locator('a').click()
    await expectSound(page, 'scopes')
    await page.goto(connected)
    await page.locator('.installations > li', { hasText: 'installed it' }).locator('summary').click()
    await page.getByRole('button', { name: /leave .*Field Notes.* out/ }).click()
    await expect.poll(() => page.textContent('main')).toContain('You left it out')
    await page.goto(example.facts.install_url)
    await expect.poll(() => page.getByRole('button', { name: 'Allow' }).count()).toBe(1)
    await page.context().close()
  })

  it('an administrator excludes a member in the console without JavaScript, and they are refused at once', async () => {
    const hers = await open('eve.moneypenny@mi6.example')
    await hers.goto(example.facts.origin)
    const page = await (await newContext(browser, { javaScriptEnabled: false })).newPage()
    const { provider } = example.facts
    await page.goto(`${provider.origin}/company/1/apps/${encodeURIComponent(clientId)}`)
    await signIn(page, 'm@mi6.example')
    expect(await page.textContent('main')).toContain('Installed for')
    await page.fill('input[name=email]', 'eve.moneypenny@mi6.example')
    await page.click('button[name=access][value=excluded]')
    await expect.poll(() => page.textContent('main')).toContain('excluded')
    await page.fill('input[name=email]', 'no.one@mi6.example')
    await page.click('button[name=access][value=excluded]')
    await expect.poll(() => page.textContent('main')).toContain('has this e-mail')
    // Field Notes has been told, and shows it.
    await expect.poll(() => hers.locator('.companies .status').allTextContents()).toContain('Removed at the company')
    expect(await hers.textContent('main')).not.toContain('Meet at the casino')
    await hers.goto(example.facts.install_url)
    expect(await hers.textContent('h1')).toContain('is not allowed')
    await hers.context().close()
    await page.context().close()
  })

  it('the console’s page of it is accessible in Arabic too', async () => {
    await command('member', 'set', '--company', '1', '--user', '778', '--locale', 'ar_SA')
    const page = await (await newContext(browser)).newPage()
    const { provider } = example.facts
    await page.goto(`${provider.origin}/company/1/apps/${encodeURIComponent(clientId)}`)
    await signIn(page, 'm@mi6.example')
    expect(await page.getAttribute('html', 'dir')).toBe('rtl')
    await expectSound(page, 'console in Arabic')
    await page.goto(`${provider.origin}/connected-apps`)
    await expectSound(page, 'Connected apps in Arabic')
    await page.goto(`${provider.origin}/company/1`)
    await expectSound(page, 'apps in Arabic')
    await page.context().close()
  })
})
