import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { at, newPage, sandbox, signInAs, useSandboxInChromium } from './support/chromium-sandbox.ts'
import { expectSound } from './support/sound-page.ts'

/** More than any of the pages needs. */
const MOST_TABS = 300

/** What can be used, and is shown; of a group of radio buttons one. */
const controls = (page: Page) =>
  page.evaluate(() => {
    const all = [...document.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, summary')]
    const shown = all.filter(each => each.checkVisibility() && !each.matches('[type=hidden]'))
    const groups = new Set<string>()
    return shown
      .filter(each => {
        if (!(each instanceof HTMLInputElement && each.type === 'radio')) return true
        const group = `${[...document.forms].indexOf(each.form!)} ${each.name}`
        return !groups.has(group) && groups.add(group)
      })
      .map((_, index) => index).length
  })

/** How many of them the tab key reaches, and which of them show no sign of it. */
async function walk(page: Page): Promise<{ reached: number; unmarked: string[] }> {
  const unmarked: string[] = []
  const seen = new Set<string>()
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
  for (let tabs = 0; tabs < MOST_TABS; tabs++) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement
      if (element === document.body) return undefined
      if (!element.matches('a[href], button, input, select, textarea, summary')) return { place: '' }
      const marks = [element, element.closest('label')].flatMap(each => (each ? [getComputedStyle(each)] : []))
      const isMarked = marks.some(style => style.outlineStyle !== 'none' || style.boxShadow !== 'none')
      const place = [...document.querySelectorAll('*')].indexOf(element)
      return { place: String(place), isMarked, html: element.outerHTML.slice(0, 100) }
    })
    if (focused === undefined || seen.has(focused.place)) break
    if (focused.place === '') continue
    seen.add(focused.place)
    if (!focused.isMarked) unmarked.push(focused.html!)
  }
  return { reached: seen.size, unmarked }
}

describe('every page of the consoles', () => {
  useSandboxInChromium()

  const company = (rest: string) => `/company/1${rest}`
  const pages = () =>
    [
      ['account', ['/account', '/connected-apps']],
      [
        'company',
        [...['', '/members', '/requests', '/rules', '/log'], `/apps/${sandbox.facts.client_id}`].map(company),
      ],
      ['developer', ['/developer', '/developer/new-app'].map(company)],
      [
        'operator',
        ['', '/search', '/callbacks', '/log', '/new-app', '/users/777', '/companies/1']
          .concat(['', '/edit', '/deliveries'].map(rest => `/apps/${sandbox.facts.client_id}${rest}`))
          .map(rest => `/operator${rest}`),
      ],
    ] as const

  it('every page of the consoles is used with the keyboard alone, and without JavaScript', async () => {
    for (const [role, paths] of pages()) {
      const page = await newPage({ javaScriptEnabled: false })
      await signInAs(page, role)
      for (const path of paths) {
        const answer = await page.goto(at(path))
        expect([path, answer!.status()]).toEqual([path, 200])
        const { reached, unmarked } = await walk(page)
        expect([path, reached, unmarked]).toEqual([path, await controls(page), []])
      }
      await page.context().close()
    }
  })

  it.each(['en-GB', 'ar'])('every page of the consoles is sound in %s, wide, narrow and dark', async language => {
    for (const [role, paths] of pages().slice(0, 3)) {
      const page = await newPage()
      await page.context().addCookies([{ name: 'tenantry_language', value: language, url: at('/') }])
      await signInAs(page, role)
      for (const path of paths) {
        await page.goto(at(path))
        await expectSound(page, `${path.replaceAll('/', ' ')} ${language}`)
      }
      await page.context().close()
    }
  })
})
