import { html } from 'hono/html'
import { recordEvent } from '../audit/record.ts'
import { actingAs } from '../http/acting.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { accountFooter } from '../pages/account-footer.ts'
import { hiddenField, notice } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import type { Language } from '../pages/languages.ts'
import { say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { endStatements } from '../sign-in/session.ts'
import { isInForce, listMembershipsOfUser, type MembershipWithCompany } from '../store/queries/memberships.ts'
import { findOperator } from '../store/queries/operators.ts'
import { listSessionsOfUser, type SessionRow } from '../store/queries/sessions.ts'
import { retryOnConflict } from '../store/store.ts'
import { emailSection } from './account-email.ts'
import { passwordSection } from './account-password.ts'
import { tokenField } from './token-field.ts'

const PATH = '/account'

/** `GET /account`: who someone is at each of their companies, and where they are signed in. */
export const account: RouteHandler = async c => {
  const { runtime, signedIn } = c.var
  const { user, session } = signedIn!
  const memberships = (await listMembershipsOfUser(runtime.store, user.user_id)).filter(isInForce)
  const last = memberships.find(each => each.company_id === user.last_company_id) ?? memberships[0]
  const language = pageLanguage(c, undefined, last?.locale ?? user.locale)
  const sessions = (await listSessionsOfUser(runtime.store, user.user_id)).filter(
    each => each.expires_at > runtime.clock(),
  )
  const isOperator = (await findOperator(runtime.store, user.user_id)) !== undefined
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: last?.timezone ?? 'UTC' })
  const isOwn = (each: SessionRow) => Buffer.from(each.session_hash).equals(session.session_hash)
  return showPage(c, {
    language,
    title: say(language, 'account.title'),
    wide: true,
    footer: accountFooter(c, language, '/sign-in'),
    body: html`<h1>${say(language, 'account.title')}</h1>
${queryParameter(c, 'ended') === undefined ? '' : notice(say(language, 'account.sessions.ended'))}
<h2>${say(language, 'account.profiles')}</h2>
<p class="muted small">${say(language, 'account.profiles.text')}</p>
<ul class="people">${memberships.map(each => profile(c, language, each))}</ul>
${isOperator ? html`<p><a href="/operator">${say(language, 'operator.overview')}</a></p>` : ''}
${emailSection(c, language)}
${passwordSection(c, language)}
<h2 class="apart">${say(language, 'account.sessions')}</h2>
<ul class="people">${sessions.map(
      each => html`<li><strong>${each.device ?? say(language, 'account.sessions.unknown')}</strong>
${isOwn(each) ? html`<span class="badge small">${say(language, 'account.sessions.this')}</span>` : ''}
<span class="small">${say(language, 'account.sessions.since', { date: format.format(each.created_at) })} · ${say(language, 'connected.lastUsed', { date: format.format(each.last_used_at ?? each.created_at) })}</span>
${isOwn(each) ? '' : endForm(c, hiddenField('session', idOf(each)), say(language, 'account.sessions.end'))}</li>`,
    )}</ul>
${sessions.length > 1 ? endForm(c, hiddenField('others', 'yes'), say(language, 'account.sessions.endAll')) : ''}`,
  })
}

/** `POST /account/sessions/end`: field `session`, or `others` for all but this one. */
export const endOtherSessions: RouteHandler = async c => {
  const form = await readForm(c)
  if (!c.var.signedIn) return c.redirect(PATH, 303)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const { user, session } = c.var.signedIn
  const runtime = actingAs(c, 'user', user.user_id)
  const isMeant = (each: SessionRow) => form.has('others') || idOf(each) === form.get('session')
  await retryOnConflict(async () => {
    const sessions = await listSessionsOfUser(runtime.store, user.user_id)
    const ended = sessions.filter(each => idOf(each) !== idOf(session) && isMeant(each))
    if (ended.length === 0) return
    const statements = await Promise.all(ended.map(each => endStatements(runtime, each)))
    const event = recordEvent(runtime, {
      action: 'sessions.ended',
      userId: user.user_id,
      facts: { sessions: ended.length },
    })
    await runtime.store.write([...statements.flat(), event])
  })
  return c.redirect(`${PATH}?ended=yes`, 303)
}

/** The hash of the cookie's value: it opens nothing. */
function idOf({ session_hash }: SessionRow): string {
  return Buffer.from(session_hash).toString('hex')
}

function profile(c: RequestContext, language: Language, membership: MembershipWithCompany) {
  const { company_id, company_name, company_developers, name, email, locale, timezone, is_admin } = membership
  const isAdmin = is_admin === 1
  const develops = company_developers === 'members' || (company_developers === 'admins' && isAdmin)
  const details = [name, email, locale.replace('_', '-'), timezone ?? 'UTC']
  return html`<li><strong>${company_name}</strong>
<span class="small">${details.map((each, index) => html`${index > 0 ? ' · ' : ''}<bdi>${each}</bdi>`)} · ${say(language, isAdmin ? 'role.admin' : 'role.member')}</span>
${isAdmin ? html`<span class="small"><a href="/company/${company_id}">${say(language, 'console.open', { company: company_name })}</a></span>` : ''}
${develops && c.var.runtime.settings.companyApps ? html`<span class="small"><a href="/company/${company_id}/developer">${say(language, 'developer.title')}</a></span>` : ''}</li>`
}

function endForm(c: RequestContext, field: ReturnType<typeof hiddenField>, label: string) {
  return html`<form method="post" action="${PATH}/sessions/end">${tokenField(c)}${field}
<button type="submit" class="plain">${label}</button></form>`
}
