import { describe, expect, it } from 'vitest'
import { at, newPage, signInAs, useSandboxInChromium } from './support/chromium-sandbox.ts'
import { expectSound } from './support/sound-page.ts'

describe('the developers’ pages of a company, in a real browser', () => {
  useSandboxInChromium()

  it.each(['en-GB', 'ar'])(
    'someone registers an app, is told of redirect URIs as they type, and tries it, in %s',
    async language => {
      const page = await newPage()
      const problems: string[] = []
      page.on('pageerror', error => problems.push(String(error)))
      page.on('console', message => message.type() === 'error' && problems.push(message.text()))
      await page.context().addCookies([{ name: 'tenantry_language', value: language, url: at('/') }])
      await signInAs(page, 'developer')
      await page.waitForURL(at('/company/1/developer'))
      await expectSound(page, `developer ${language}`)
      await page.click('main a[role=button]')
      await page.fill('input[name=name]', `Ledger ${language}`)
      const lines = page.locator('#checks li')
      await page.locator('textarea').pressSequentially('ledger.example/callback')
      await expect
        .poll(() => lines.allTextContents())
        .toEqual([expect.stringContaining('https://ledger.example/callback')])
      expect(await lines.getAttribute('class')).toBe('wrong')
      await page.fill('textarea', 'https://ledger.example/callback\nhttp://127.0.0.1/callback')
      await expect.poll(() => lines.count()).toBe(2)
      await expect.poll(() => page.locator('#checks .good').count()).toBe(2)
      expect(await page.locator('button[name=check]').isVisible()).toBe(false)
      await expectSound(page, `developer form ${language}`)
      await page.focus('input[name=name]')
      await page.keyboard.press('Enter')
      await page.waitForSelector('dd code')
      await expectSound(page, `developer registered ${language}`)
      await page.click('main p a[href*="/developer/apps/"]')
      await page.waitForURL('**/developer/apps/*')
      await expectSound(page, `developer app ${language}`)
      await page.click('form[action$="/try"] button')
      await page.waitForURL('**/oauth/authorize**')
      await page.click('button[value=allow]')
      await page.waitForURL('**/try-app?**')
      expect(await page.textContent('main')).toContain('"company_id": 1')
      await expectSound(page, `developer tried ${language}`)
      expect(problems).toEqual([])
      await page.context().close()
    },
  )

  it('without JavaScript a button checks the redirect URIs, and owners are added', async () => {
    const page = await newPage({ javaScriptEnabled: false })
    await signInAs(page, 'developer')
    await page.click('main a[role=button]')
    await page.fill('input[name=name]', 'Plain Ledger')
    await page.fill('textarea', 'https://ledger.example/#x')
    await page.click('button[name=check]')
    expect(await page.textContent('#checks')).toContain('fragment')
    expect(await page.inputValue('input[name=name]')).toBe('Plain Ledger')
    await page.fill('textarea', 'https://ledger.example/callback')
    await page.click('main form button[type=submit] >> nth=0')
    await page.click('main p a[href*="/developer/apps/"]')
    await page.locator('summary', { hasText: 'Add an owner' }).click()
    await page.fill('input[type=email]', 'q@mi6.example')
    await page.click('form[action$="/owners"]:has(input[type=email]) button')
    await expect.poll(() => page.textContent('main')).toContain('q@mi6.example')
    await page.context().close()
  })

  it('the account page changes the password, and says so', async () => {
    const page = await newPage()
    await signInAs(page, 'account')
    await page.waitForURL(at('/account'))
    await page.locator('summary', { hasText: 'Change the password' }).click()
    await expectSound(page, 'account with password')
    await page.context().close()
  })
})
