import { describe, expect, it } from 'vitest'
import { at, newPage, sandbox, signInAs, useSandboxInChromium } from './support/chromium-sandbox.ts'
import { expectSound } from './support/sound-page.ts'

describe('the consoles of the sandbox, in a real browser', () => {
  useSandboxInChromium()

  it.each([
    ['account', '/account'],
    ['company', '/company/1'],
    ['developer', '/company/1/developer'],
    ['operator', '/operator'],
  ] as const)('one click on the home page signs in as %s', async (role, path) => {
    const page = await newPage()
    await page.goto(at('/'))
    await expectSound(page, 'sandbox home')
    await page.click(`button[name=role][value=${role}]`)
    await page.waitForURL(at(path))
    await expectSound(page, role)
  })

  it.each(['en-GB', 'ar'])('every page for operators is sound in %s', async language => {
    const page = await newPage()
    await page.context().addCookies([{ name: 'tenantry_language', value: language, url: sandbox.facts.origin }])
    await signInAs(page, 'operator')
    await page.waitForURL(at('/operator'))
    expect(await page.getAttribute('html', 'lang')).toBe(language)
    await expectSound(page, `operator ${language}`)
    await page.fill('input[type=search]', 'mi6')
    await page.keyboard.press('Enter')
    await page.waitForURL(at('/operator/search'))
    await expectSound(page, `operator search ${language}`)
    await page.click('main .people a[href^="/operator/companies/"]')
    await page.waitForURL(at('/operator/companies/1'))
    await expectSound(page, `operator company ${language}`)
    for (const path of [
      '/operator/callbacks',
      '/operator/log',
      '/operator/users/777',
      `/operator/apps/${sandbox.facts.client_id}`,
      `/operator/apps/${sandbox.facts.client_id}/deliveries`,
      '/operator/new-app',
    ]) {
      await page.goto(at(path))
      await expectSound(page, `operator ${path.split('/')[2]} ${language}`)
    }
  })
})
