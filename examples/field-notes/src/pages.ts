import type { Link, Locale } from '@tenantry/connect'
import { html } from 'hono/html'
import type { Note } from './database.ts'
import { say } from './messages.ts'

type Fragment = ReturnType<typeof html>

/** Of a company, and the link of the person who reads it. */
export interface Notebook {
  link: Link
  accountId: string
  notes: Note[]
}

export interface Home {
  links: Link[]
  notes: Note[]
  notebooks: Notebook[]
  startPath: string
}

/** The frame of every page. */
export function page(locale: Locale, title: string, body: Fragment, signedIn: boolean) {
  const { language } = locale
  return html`<!doctype html>
<html lang="${language}" dir="${locale.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="/icon.svg">
${signedIn ? html`<script src="/live.js" defer></script>` : ''}
</head>
<body>
<header><a class="brand" href="/"><img src="/icon.svg" alt="" width="32" height="32"> Field Notes</a>
${signedIn ? html`<form method="post" action="/sign-out"><button class="link">${say(language, 'signOut')}</button></form>` : ''}</header>
<main>${body}</main>
</body>
</html>`
}

export function landing(locale: Locale, startPath: string): Fragment {
  const { language } = locale
  return html`<section class="landing">
<h1>${say(language, 'tagline')}</h1>
<p><a class="button" href="${startPath}">${say(language, 'install')}</a></p>
<p class="muted">${say(language, 'installHint')}</p>
</section>`
}

export function home(locale: Locale, name: string, { links, notes, notebooks, startPath }: Home): Fragment {
  const { language } = locale
  return html`<h1>${say(language, 'greeting', { name })}</h1>
<div class="columns">
<div>
${notebook(locale, { id: 'notes', title: say(language, 'notes'), notes })}
${notebooks.map(({ link: { companyId, identity }, notes }) =>
  notebook(locale, {
    id: `notes-${companyId}`,
    title: say(language, 'notesOf', { company: identity.companyName ?? '' }),
    hint: say(language, 'notesOfHint', { company: identity.companyName ?? '' }),
    companyId,
    notes,
  }),
)}
</div>
<section aria-labelledby="companies">
<h2 id="companies">${say(language, 'companies')}</h2>
<ul class="companies" data-state="${links.map(link => [link.companyId, link.userId, link.status].join()).join(';')}">${links.map(link => company(locale, link, startPath))}</ul>
<form method="post" action="${startPath}" class="add">
<button class="quiet">${say(language, 'addCompany')}</button>
<p class="muted">${say(language, 'addHint')}</p>
</form>
</section>
</div>`
}

interface Shown {
  id: string
  title: string
  hint?: string
  companyId?: number
  notes: Note[]
}

/** Notes, and the form for another: one's own, or those of a company. */
function notebook(locale: Locale, { id, title, hint, companyId, notes }: Shown): Fragment {
  const { language } = locale
  return html`<section aria-labelledby="${id}" class="notebook">
<h2 id="${id}">${title}</h2>
${hint === undefined ? '' : html`<p class="muted">${hint}</p>`}
<form method="post" action="/notes" class="card write">
${companyId === undefined ? '' : html`<input type="hidden" name="company_id" value="${companyId}">`}
<label for="${id}-text">${say(language, 'newNote')}</label>
<textarea id="${id}-text" name="text" rows="3" required maxlength="2000"></textarea>
<button>${say(language, 'keep')}</button>
</form>
${notes.length === 0 ? html`<p class="muted">${say(language, 'noNotes')}</p>` : ''}
<ol class="notes">${notes.map(
    note => html`<li class="card"><p dir="auto">${note.text}</p>
<time datetime="${new Date(note.created_at).toISOString()}">${locale.dateTime(note.created_at)}</time></li>`,
  )}</ol>
</section>`
}

function company(locale: Locale, link: Link, startPath: string): Fragment {
  const { language } = locale
  const { identity, status, companyId, userId } = link
  const details = [identity.name, identity.email, say(language, identity.isAdmin ? 'roleAdmin' : 'roleMember')]
  return html`<li class="card ${status}">
<h3><bdi>${identity.companyName ?? companyId}</bdi></h3>
<p class="status">${say(language, status)}</p>
<p>${details.filter(Boolean).map(detail => html`<bdi>${detail}</bdi><br>`)}</p>
${
  status === 'active'
    ? html`<p class="muted">${say(language, 'since', { date: locale.date(link.installedAt) })}</p>
<form method="post" action="/disconnect">
<input type="hidden" name="company_id" value="${companyId}"><input type="hidden" name="user_id" value="${userId}">
<button class="link">${say(language, 'disconnect')}</button></form>`
    : html`<p><a class="button quiet" href="${startPath}?company=${companyId}">${say(language, 'reinstall')}</a></p>`
}
</li>`
}

export function problem(message: string): Fragment {
  return html`<section class="landing"><h1>${message}</h1><p><a class="button" href="/">Field Notes</a></p></section>`
}
