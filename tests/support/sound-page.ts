import { AxeBuilder } from '@axe-core/playwright'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'

/** Where pictures go for who wants to look at them; none are taken otherwise. */
const PICTURES = process.env.TENANTRY_TEST_PICTURES

const VIEWS: Record<string, BrowserContextOptions> = {
  wide: { viewport: { width: 1280, height: 900 } },
  'narrow and dark': { viewport: { width: 360, height: 800 }, colorScheme: 'dark' },
}

/** A page is accessible (axe), and fits, on a wide screen and on a narrow dark one. */
export async function expectSound(page: Page, what: string) {
  for (const [view, { viewport, colorScheme = 'light' }] of Object.entries(VIEWS)) {
    await page.setViewportSize(viewport!)
    // Colours that are still changing are not what is read.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const { violations } = await new AxeBuilder({ page }).analyze()
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    const found = violations.map(({ id, nodes }) => [id, nodes.map(node => node.html)])
    expect({ what, view, found, overflow }).toEqual({ what, view, found: [], overflow: 0 })
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/${what} ${view}.png`, fullPage: true })
  }
}
