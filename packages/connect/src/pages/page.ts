import type { ConnectErrorCode } from '../errors.ts'
import type { Id } from '../ids.ts'
import { chooseLocale, directionOf, type Locale } from '../locale/locale.ts'
import type { Identity } from '../provider/identity.ts'
import type { Brand } from './brand.ts'
import { html, type Markup } from './html.ts'
import { type Messages, messages } from './messages.ts'

/** A page of the flow, for an app that shows its own. */
export type Page<I extends Id = number> =
  | { kind: 'connected'; identity: Identity<I>; locale: Locale; installedAt: number; continueTo: string }
  | {
      kind: 'failed'
      code: ConnectErrorCode | 'internal'
      status: number
      identity: Identity<I> | undefined
      locale: Locale
      /** For the developers: what went wrong, in English; what `refuse` said. */
      message: string
      id: string
      tryAgain: string
      continueTo: string
      /** For `link_needs_consent` with an account signed in: a form that posts `company` there adds it. */
      addTo: { action: string; company: I } | null
      /** Where that form leads in the end, for a Content-Security-Policy. */
      formTarget: string
    }

type Failed = Extract<Page<Id>, { kind: 'failed' }>

/**
 * A page in the kit's own look, in the person's language.
 * @param stylesheet its path: a file of its own, so that an app's stricter policy bears it too
 */
export function showPage(page: Page<Id>, stylesheet: string, brand: Brand = {}): Response {
  const { language, text } = pageLanguage(page.locale)
  const content = page.kind === 'connected' ? showConnected(page, text) : showFailed(page, text)
  const document = html`<!doctype html>
<html lang="${language}" dir="${directionOf(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${content.title}</title>
<link rel="stylesheet" href="${stylesheet}">
</head>
<body><main class="${page.kind}">${brandMark(brand)}<h1>${content.title}</h1>${content.body}</main></body>
</html>`
  return new Response(document.text, {
    status: page.kind === 'connected' ? 200 : page.status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Language': language,
      'Cache-Control': 'no-store',
      'Content-Security-Policy': `default-src 'none'; style-src 'self'; img-src 'self'; form-action ${formTargets(page)}; frame-ancestors 'none'; base-uri 'none'`,
      'Referrer-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
    },
  })
}

function brandMark({ name, logo }: Brand): Markup | string {
  if (name === undefined && logo === undefined) return ''
  return html`<p class="brand">${logo === undefined ? '' : html`<img src="${logo}" alt="" height="32"> `}${name ?? ''}</p>`
}

/** Browsers hold every hop of a form's redirects against the policy. */
function formTargets(page: Page<Id>): string {
  return page.kind === 'failed' && page.addTo ? `'self' ${page.formTarget}` : "'self'"
}

/** The app's language where the kit's pages speak it too; otherwise the nearest to the person's own. */
function pageLanguage(locale: Locale): { language: string; text: Messages } {
  const spoken = ['en', ...Object.keys(messages).filter(language => language !== 'en')]
  const { language } = chooseLocale({
    identity: { locale: locale.language, timeZone: null, currency: null },
    languages: spoken,
  })
  return { language, text: messages[language]! }
}

interface Content {
  title: string
  body: Markup
}

function showConnected(
  { identity, locale, installedAt, continueTo }: Extract<Page<Id>, { kind: 'connected' }>,
  text: Messages,
): Content {
  const values = { ...namesOf(identity), date: locale.dateTime(installedAt) }
  return {
    title: fill(text.connected, values),
    body: html`<p class="who">${fill(text.connectedAs, values)}</p>
<p class="muted">${fill(text.connectedOn, values)}</p>
<p><a class="button" href="${continueTo}">${text.continue}</a></p>`,
  }
}

/** Which words belong to which error, and whether trying again makes sense. */
function wordsFor(page: Failed, text: Messages): { title: string; body: string; again: boolean } {
  const { code, message, id, identity } = page
  const values = { ...namesOf(identity), id }
  switch (code) {
    case 'denied':
      return { title: text.denied, body: text.deniedBody, again: true }
    case 'flow_invalid':
      return { title: text.flow, body: text.flowBody, again: true }
    case 'flow_used':
      return { title: text.used, body: text.usedBody, again: false }
    case 'link_belongs_to_another_account':
      return { title: text.taken, body: fill(text.takenBody, values), again: false }
    case 'account_not_proved':
    case 'link_needs_consent':
      return { title: text.consent, body: fill(page.addTo ? text.consentAsk : text.consentBody, values), again: false }
    case 'link_refused':
      return { title: text.refused, body: message, again: false }
    case 'provider_unavailable':
      return { title: text.unavailable, body: text.unavailableBody, again: true }
    default:
      return { title: text.failed, body: fill(text.failedBody, values), again: true }
  }
}

function showFailed(page: Failed, text: Messages): Content {
  const { title, body, again } = wordsFor(page, text)
  return {
    title,
    body: html`<p>${body}</p>
${page.addTo ? html`<form method="post" action="${page.addTo.action}"><input type="hidden" name="company" value="${page.addTo.company}"><input type="hidden" name="returnTo" value="${page.continueTo}"><button class="button">${fill(text.consentAdd, namesOf(page.identity))}</button></form>` : ''}
<p>${again ? html`<a class="button" href="${page.tryAgain}">${text.tryAgain}</a> ` : ''}<a class="button quiet" href="${page.continueTo}">${page.addTo ? text.notNow : text.continue}</a></p>`,
  }
}

function namesOf(identity: Identity<Id> | undefined): Record<string, string> {
  return {
    name: identity?.name || String(identity?.userId ?? ''),
    company: identity?.companyName || String(identity?.companyId ?? ''),
  }
}

/** Fills in names, each isolated so that it does not change the direction of the text around it (Unicode isolates). */
function fill(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    values[name] === undefined ? whole : `\u2068${values[name]}\u2069`,
  )
}
