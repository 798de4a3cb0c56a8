import { html } from 'hono/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { readCookie } from '../http/cookies.ts'
import type { PageContext } from '../http/environment.ts'
import { remembered } from '../http/remembered.ts'
import { protectPage } from '../http/security-headers.ts'
import { stylesheetPath } from './assets.ts'
import { brandHeader, brandLinks, brandStylesheet } from './brand.ts'
import { languageSwitch } from './language-switch.ts'
import {
  direction,
  isLanguage,
  type Language,
  localeToTag,
  negotiateLanguage,
  parseAcceptLanguage,
} from './languages.ts'
import type { Fragment } from './messages.ts'

export interface Page {
  language: Language
  title: string
  body: Fragment
  footer?: Fragment | undefined
  status?: ContentfulStatusCode
  /** Where its forms may lead beyond this server, as Content-Security-Policy sources. */
  formTargets?: readonly string[]
  wide?: boolean
  /** The path of a script of ours, for a page that is easier to use with one; it works without. */
  script?: string
  /** Where it can be read in another language, if not by its own address. */
  address?: string
  /** False for a page in one language. */
  translated?: boolean
}

/** Answers with a whole page, protected as all pages are. */
export function showPage(c: PageContext, page: Page) {
  protectPage(c, page.formTargets, page.script !== undefined)
  c.header('Content-Language', page.language)
  const { brand } = c.var.runtime.settings
  const document = html`<!doctype html>
<html lang="${page.language}" dir="${direction(page.language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${brand ? `${page.title} · ${brand.name}` : page.title}</title>
<link rel="stylesheet" href="${stylesheetPath}">${brandStylesheet(brand)}
<link rel="icon" href="/favicon.svg" type="image/svg+xml">${
    page.script === undefined
      ? ''
      : html`
<script src="${page.script}" defer></script>`
  }
</head>
<body>${brandHeader(brand)}
<main${page.wide ? html` class="wide"` : ''}><article>${page.body}</article></main>
<footer>${page.footer ?? ''}${page.translated === false ? '' : languageSwitch(c, page.language, page.address)}${brandLinks(brand, page.language)}</footer>
</body>
</html>`
  return c.html(document, page.status ?? 200)
}

/** Matching languages takes long for each tag. */
const MAX_LOCALES = 200

/** The language for a request: what was chosen on a page, what it asks for by `ui_locales`, the user's own, the browser's. */
export function pageLanguage(c: PageContext, uiLocales?: string, userLocale?: string): Language {
  const chosen = readCookie(c, 'language')
  if (chosen !== undefined && isLanguage(chosen)) return chosen
  const wishes = [(uiLocales ?? '').slice(0, MAX_LOCALES), userLocale ?? '', c.req.header('Accept-Language') ?? '']
  return negotiated(JSON.stringify(wishes))
}

/** Of the wishes as JSON: browsers differ in few. */
const negotiated = remembered((wishes): Language => {
  const [uiLocales, userLocale, accepted] = JSON.parse(wishes) as [string, string, string]
  return negotiateLanguage(
    uiLocales.split(' '),
    userLocale === '' ? [] : [localeToTag(userLocale)],
    parseAcceptLanguage(accepted),
  )
})
