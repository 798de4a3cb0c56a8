import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, newContext } from './support/chromium.ts'
import { makeTestDatabase, type TestDatabase } from './support/database.ts'
import { type RunningSandbox, startSandbox } from './support/sandbox-process.ts'
import { expectSound } from './support/sound-page.ts'

describe('the consoles of the sandbox, in a real browser', () => {
  let database: TestDatabase
  let sandbox: RunningSandbox
  let browser: Browser

  beforeAll(async () => {
    database = await makeTestDatabase()
    sandbox = await startSandbox(database.flags)
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await sandbox?.stop()
    await database?.remove()
  })

  const newPage = async () => (await newContext(browser)).newPage()
  const at = (path: string) => sandbox.facts.origin + path

  it.each([
    ['account', '/account'],
    ['company', '/company/1'],
    ['operator', '/operator'],
  ])('one click on the home page signs in as %s', async (role, path) => {
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
    await page.goto(at('/'))
    await page.click('button[name=role][value=operator]')
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
      '/operator/new-app',
    ]) {
      await page.goto(at(path))
      await expectSound(page, `operator ${path.split('/')[2]} ${language}`)
    }
  })
})
