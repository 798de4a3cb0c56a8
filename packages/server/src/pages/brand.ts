import { createHash } from 'node:crypto'
import { html } from 'hono/html'
import { type Brand, darkColour, inkOn, type Picture, readPicture, TILE } from '../config/brand.ts'
import { mix } from '../config/contrast.ts'
import type { RouteHandler } from '../http/environment.ts'
import type { Language } from './languages.ts'
import { type Fragment, say } from './messages.ts'

const CACHED = 'public, max-age=31536000, immutable'

/** What is at the head of every page: the provider's mark. */
export function brandHeader(brand: Brand | undefined): Fragment | string {
  if (!brand) return ''
  const logo = filesOf(brand).logo ? html`<img src="/brand/logo?${filesOf(brand).version}" alt="" height="32">` : ''
  return html`<header>${logo}<span><bdi>${brand.name}</bdi></span></header>`
}

/** At the foot of every page: where the provider says what it does with data, and helps. */
export function brandLinks(brand: Brand | undefined, language: Language): Fragment | string {
  const links = [
    [brand?.privacyUrl, 'brand.privacy'],
    [brand?.termsUrl, 'brand.terms'],
    [brand?.supportUrl, 'brand.support'],
  ] as const
  const shown = links.filter(([url]) => url !== undefined)
  if (shown.length === 0) return ''
  return html`<nav>${shown.map(([url, key]) => html`<a href="${url}">${say(language, key)}</a>`)}</nav>`
}

/** After the common stylesheet, where the brand has a colour. */
export function brandStylesheet(brand: Brand | undefined): Fragment | string {
  if (brand?.color === undefined) return ''
  return html`<link rel="stylesheet" href="/brand/style.css?${filesOf(brand).version}">`
}

/** `GET /brand/logo`. An SVG can load nothing and run nothing, also when it is opened by itself. */
export const brandLogo: RouteHandler = c => {
  const { brand } = c.var.runtime.settings
  const logo = brand && filesOf(brand).logo
  if (!logo) return c.notFound()
  return c.body(logo.bytes, 200, {
    'Content-Type': logo.type,
    'Cache-Control': CACHED,
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  })
}

/** `GET /brand/style.css` */
export const brandStyle: RouteHandler = c => {
  const { brand } = c.var.runtime.settings
  if (brand?.color === undefined) return c.notFound()
  return c.body(styleOf(brand.color, darkColour(brand)!), 200, {
    'Content-Type': 'text/css; charset=utf-8',
    'Cache-Control': CACHED,
  })
}

function styleOf(light: string, dark: string): string {
  return `:root:not([data-theme=dark]), [data-theme=light] { ${variables(light, '#000000')} --tny-tile: ${TILE.light}; }
:root { --tny-focus: ${light}; }
@media (prefers-color-scheme: dark) {
  :root:not([data-theme]) { ${variables(dark, '#ffffff')} --tny-tile: ${TILE.dark}; --tny-focus: ${dark}; }
}
`
}

/** @param towards what the colour goes towards under the pointer */
function variables(colour: string, towards: string): string {
  const hover = mix(colour, towards, 0.25)
  const names = ['primary', 'primary-background', 'primary-border']
  const values = [
    ...names.map(name => [name, colour]),
    ...['primary-hover', 'primary-hover-background', 'primary-hover-border'].map(name => [name, hover]),
    ['primary-underline', `${colour}80`],
    ['primary-focus', `${colour}73`],
    ['primary-inverse', inkOn(colour)],
  ]
  return values.map(([name, value]) => `--pico-${name}: ${value};`).join(' ')
}

interface BrandFiles {
  logo: Picture | undefined
  /** Changes with the files, so that browsers may keep them for ever. */
  version: string
}

const files = new WeakMap<Brand, BrandFiles>()

/** Read once: another logo needs a restart, as every setting does. */
function filesOf(brand: Brand): BrandFiles {
  const known = files.get(brand)
  if (known) return known
  const picture = brand.logo === undefined ? undefined : readPicture(brand.logo)
  // It could be read at start; where it is gone since, pages do without.
  const logo = typeof picture === 'object' ? picture : undefined
  const hash = createHash('sha256').update(JSON.stringify([brand.color, brand.colorDark]))
  const version = hash
    .update(logo?.bytes ?? '')
    .digest('hex')
    .slice(0, 12)
  const read = { logo, version }
  files.set(brand, read)
  return read
}
