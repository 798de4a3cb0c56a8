import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BrandedProvider, startBrandedProvider } from './support/branded-provider.ts'
import { launchChromium, newContext } from './support/chromium.ts'

describe('the pages of a platform with a brand', () => {
  let branded: BrandedProvider
  let browser: Browser

  beforeAll(async () => {
    branded = await startBrandedProvider()
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await branded?.close()
  })

  async function check(page: Page, what: string) {
    const { violations } = await new AxeBuilder({ page }).analyze()
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    const broken = await page.evaluate(() => [...document.images].filter(image => !image.naturalWidth).length)
    expect({ what, overflow, broken, violations: violations.map(({ id }) => id) }).toEqual({
      what,
      overflow: 0,
      broken: 0,
      violations: [],
    })
  }

  it.each([
    [360, 'light', 'ar'],
    [1280, 'dark', 'ar'],
    [360, 'dark', 'de'],
  ] as const)(
    'the pages show every mark, break nowhere and can be read: %i px, %s, %s',
    async (width, colorScheme, language) => {
      const context = await newContext(browser, { viewport: { width, height: 800 }, colorScheme })
      try {
        const page = await context.newPage()
        await branded.open(page, 'verified', language)
        await check(page, 'sign-in')
        expect(await page.locator('header img').count()).toBe(1)
        await branded.goToConsent(page)
        await check(page, 'consent')
        expect(await page.locator('.badge').count()).toBe(1)
        await branded.open(page, 'look-alike', language)
        await check(page, 'company')
        await page.click('main button[type=submit] >> nth=0')
        await page.waitForSelector('button[value=allow]')
        await check(page, 'look-alike')
        expect(await page.locator('.badge').count()).toBe(0)
      } finally {
        await context.close()
      }
    },
  )
})
