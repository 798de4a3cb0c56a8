import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { startProvider } from '../../../../tests/support/provider.ts'
import { temporaryFolder } from '../../../../tests/support/sandbox-process.ts'
import { darkColour, inkOn, TILE } from '../config/brand.ts'
import { contrast, mix } from '../config/contrast.ts'
import { checkSettings, type SettingsError } from '../config/settings.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())
const file = (name: string, content: string | Buffer) => {
  const path = join(folder.path, name)
  writeFileSync(path, content)
  return path
}
const LOGO = file(
  'logo.svg',
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="4" cx="4" cy="4"/></svg>',
)
const BRAND = {
  name: 'Acme <ID>',
  logo: LOGO,
  color: '#7a1fa2',
  privacyUrl: 'https://acme.example/privacy',
  termsUrl: 'https://acme.example/terms?a=1&b=2',
  supportUrl: 'mailto:help@acme.example',
}
const origin = 'https://id.acme.example'

describe('the brand of the provider', () => {
  it('every page has the name, the logo, the colour and the links, and loads nothing from elsewhere', async () => {
    const provider = await startProvider({ brand: BRAND })
    onTestFinished(() => provider.close())
    for (const path of ['/sign-in', '/sign-out', '/nope', '/oauth/authorize']) {
      const page = await provider.fetch(path, { headers: { 'Accept-Language': 'fr' } })
      const text = await page.text()
      expect(text).toContain('<bdi>Acme &lt;ID&gt;</bdi>')
      expect(text).toMatch(/<title>[^<]+ · Acme &lt;ID&gt;<\/title>/)
      expect(text).toContain('<a href="https://acme.example/terms?a=1&amp;b=2">Conditions</a>')
      expect(text).toContain('<a href="mailto:help@acme.example">Assistance</a>')
      expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'none'; style-src 'self'")
      const style = /href="(\/brand\/style\.css\?\w+)"/.exec(text)![1]!
      const css = await (await provider.fetch(style)).text()
      expect(css).toContain('--pico-primary: #7a1fa2;')
      const logo = await provider.fetch(/src="(\/brand\/logo\?\w+)"/.exec(text)![1]!)
      expect(logo.headers.get('Content-Type')).toBe('image/svg+xml')
      expect(logo.headers.get('Content-Security-Policy')).toContain('sandbox')
      expect(await logo.text()).toContain('<circle')
    }
  })

  it('without a brand there is no mark, and its files are 404', async () => {
    const provider = await startProvider()
    onTestFinished(() => provider.close())
    expect(await (await provider.fetch('/sign-in')).text()).not.toContain('<header')
    for (const path of ['/brand/logo', '/brand/style.css']) expect((await provider.fetch(path)).status).toBe(404)
  })

  it.each([
    ['brand.name: must not be empty', { name: ' ' }],
    ['brand.color: must be a colour such as #1d5c63', { name: 'A', color: 'teal' }],
    ['brand.color: has a contrast of', { name: 'A', color: '#ffd000' }],
    ['brand.colorDark: has a contrast of', { name: 'A', color: '#000000', colorDark: '#333333' }],
    ['brand.logo: cannot be read: ENOENT', { name: 'A', logo: '/nowhere/logo.svg' }],
    ['brand.logo: must be an SVG, PNG, JPEG or WebP image', { name: 'A', logo: file('logo.gif', 'GIF89a') }],
    ['brand.logo: must be at most 256 KiB', { name: 'A', logo: file('large.svg', `<svg>${' '.repeat(300_000)}`) }],
    ['brand.privacyUrl: must be an https or mailto address', { name: 'A', privacyUrl: 'javascript:alert(1)' }],
    ['there is no such entry: colour', { name: 'A', colour: '#000000' }],
  ])('a brand that would not work is refused at start: %s', (mistake, brand) => {
    const mistakes = (() => {
      try {
        checkSettings({ origin, brand })
      } catch (error) {
        return (error as SettingsError).mistakes.join('\n')
      }
    })()
    expect(mistakes).toContain(mistake)
  })

  it('whatever colour is accepted, text in it and on it can be read on light and on dark pages', () => {
    const colour = fc.integer({ min: 0, max: 0xffffff }).map(value => `#${value.toString(16).padStart(6, '0')}`)
    let accepted = 0
    fc.assert(
      fc.property(colour, color => {
        let brand: ReturnType<typeof checkSettings>['brand']
        try {
          brand = checkSettings({ origin, brand: { name: 'A', color } }).brand
        } catch {
          return
        }
        accepted += 1
        for (const surface of ['#ffffff', '#f3f5f4', TILE.light])
          expect(contrast(color, surface)).toBeGreaterThanOrEqual(4.5)
        const dark = darkColour(brand!)!
        for (const surface of ['#182325', '#10181a', TILE.dark])
          expect(contrast(dark, surface)).toBeGreaterThanOrEqual(4.5)
        for (const button of [color, dark]) expect(contrast(inkOn(button), button)).toBeGreaterThanOrEqual(4.5)
      }),
      { numRuns: 500 },
    )
    expect(accepted).toBeGreaterThan(50)
  })

  it('contrast is that of WCAG', () => {
    expect(contrast('#000000', '#ffffff')).toBe(21)
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
    expect(mix('#000000', '#ffffff', 0.5)).toBe('#808080')
  })
})
