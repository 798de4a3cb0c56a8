import { html } from 'hono/html'
import { emailForms } from '../companies/emails.ts'
import { InputError } from '../companies/input.ts'
import { INVITATION_LIFETIME, inviteMember, withdrawInvitation } from '../companies/invitations.ts'
import { clientAddress } from '../http/client-address.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { queueMail, sendsMail } from '../mail/outbox.ts'
import { alert, hiddenField, notice } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type Fragment, type MessageKey, type MessageValues, say } from '../pages/messages.ts'
import { countAttempt } from '../sign-in/attempt-limits.ts'
import { listInvitations } from '../store/queries/invitations.ts'
import { findMembersByEmail, listMembers, type MembershipRow } from '../store/queries/memberships.ts'
import { actAsAdministrator, type CompanyVisit, companyPath, showConsole, visitCompany } from './company-access.ts'
import { tokenField } from './token-field.ts'

/** People on one page. */
const PAGE = 50
/** Invitations that are shown. */
const MOST = 200

/** `GET /company/:company_id/members`: the people of the company, and who is invited. */
export const companyMembers: RouteHandler = async c => {
  const visit = await visitCompany(c)
  const said = queryParameter(c, 'invited') === undefined ? undefined : say(visit.language, 'console.members.invited')
  return showMembers(c, visit, { said })
}

/** `POST /company/:company_id/members/invite`: fields `email` and `is_admin`. */
export const invite: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitCompany(c)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const { runtime } = c.var
  if (!sendsMail(runtime.settings)) throw new PageError(404, 'error.notFound')
  const { companyId, language } = visit
  const email = form.get('email')?.slice(0, 254) ?? ''
  const again = (problem: MessageKey, values: MessageValues = {}) => showMembers(c, visit, { problem, values, email })
  const known = await findMembersByEmail(runtime.store, companyId, emailForms(email))
  if (known.length > 0) return again('console.members.known', { name: known[0]!.name })
  const attempt = await countAttempt(runtime, {
    account: `invitations of company ${companyId}`,
    address: clientAddress(c),
    knownBrowser: 'any',
  })
  if (!('succeeded' in attempt)) return again('signIn.tooMany', { minutes: Math.ceil(attempt.wait / 60_000) })
  const acting = actAsAdministrator(c, visit)
  const by = c.var.signedIn!.user.user_id
  try {
    await inviteMember(acting, { companyId, by, email, isAdmin: form.has('is_admin') }, row =>
      queueMail(acting, { kind: 'invitation', companyId, invitationId: row.invitation_id, language }),
    )
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return again(error.mistakes.length > 0 ? 'forgotten.wrong' : 'console.members.tooMany')
  }
  return c.redirect(companyPath(companyId, '/members?invited=yes'), 303)
}

/** `POST /company/:company_id/members/withdraw`: field `invitation`. */
export const withdraw: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitCompany(c)
  const { companyId } = visit
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const key = { company_id: companyId, invitation_id: form.get('invitation')?.slice(0, 40) ?? '' }
  await withdrawInvitation(actAsAdministrator(c, visit), key)
  return c.redirect(companyPath(companyId, '/members'), 303)
}

interface Shown {
  said?: string | undefined
  problem?: MessageKey
  values?: MessageValues
  email?: string
}

async function showMembers(c: RequestContext, visit: CompanyVisit, { said, problem, values, email = '' }: Shown) {
  const { companyId, language } = visit
  const { store, settings } = c.var.runtime
  const after = Number(queryParameter(c, 'after') ?? 0)
  const from = Number.isSafeInteger(after) ? after : 0
  const members = await listMembers(store, { companyId, after: from, limit: PAGE + 1 })
  const shown = members.slice(0, PAGE)
  return showConsole(c, visit, {
    section: '/members',
    title: say(language, 'console.members'),
    ...(problem && { status: 422 as const }),
    body: html`
${said ? notice(said) : ''}
${problem ? alert(say(language, problem, values)) : ''}
<ul class="people">${shown.map(member => memberLine(visit, member))}</ul>
${members.length > PAGE ? html`<p><a href="${companyPath(companyId, `/members?after=${shown.at(-1)!.user_id}`)}">${say(language, 'console.more')}</a></p>` : ''}
${sendsMail(settings) ? await invitations(c, visit, email) : ''}`,
  })
}

function memberLine({ language }: CompanyVisit, { name, email, is_admin, active, user_active }: MembershipRow) {
  const isOut = active !== 1 || user_active !== 1
  return html`<li><strong>${name}</strong> <span class="small muted"><bdi>${email}</bdi></span>
<span class="small">${say(language, is_admin === 1 ? 'role.admin' : 'role.member')}${isOut ? ` · ${say(language, 'console.members.inactive')}` : ''}</span></li>`
}

async function invitations(c: RequestContext, visit: CompanyVisit, email: string): Promise<Fragment> {
  const { companyId, language, membership, day } = visit
  const now = c.var.runtime.clock()
  const waiting = (await listInvitations(c.var.runtime.store, companyId, MOST)).filter(each => each.expires_at > now)
  return html`<h2 class="apart">${say(language, 'console.members.invite')}</h2>
<form method="post" action="${companyPath(companyId, '/members/invite')}">
${tokenField(c)}
<label>${say(language, 'signIn.email')}
<input type="email" name="email" dir="ltr" autocomplete="off" required value="${email}"></label>
<fieldset class="choices"><label><input type="checkbox" name="is_admin"><span>${say(language, 'console.members.asAdmin')}</span></label></fieldset>
<button type="submit">${say(language, 'console.members.send')}</button>
<p class="small">${say(language, 'console.members.text', { company: membership.company_name, days: INVITATION_LIFETIME / 86_400_000 })}</p>
</form>
${waiting.length === 0 ? '' : html`<h2 class="apart">${say(language, 'console.members.waiting')}</h2>`}
<ul class="people">${waiting.map(
    ({ invitation_id, email, is_admin, expires_at }) => html`<li><strong><bdi>${email}</bdi></strong>
<span class="small">${say(language, is_admin === 1 ? 'role.admin' : 'role.member')} · ${say(language, 'console.members.until', { date: day(expires_at) })}</span>
<form method="post" action="${companyPath(companyId, '/members/withdraw')}">${tokenField(c)}${hiddenField('invitation', invitation_id)}
<button type="submit" class="plain small">${say(language, 'console.access.clear')}</button></form></li>`,
  )}</ul>`
}
