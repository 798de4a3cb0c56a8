import { html } from 'hono/html'
import { InputError, TakenError } from '../companies/input.ts'
import { acceptAsNewUser, acceptInvitation } from '../companies/invitations.ts'
import { actingAs } from '../http/acting.ts'
import { readCookie, writeCookie } from '../http/cookies.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { accountFooter } from '../pages/account-footer.ts'
import { alert, companyTile } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import type { Language } from '../pages/languages.ts'
import { type Fragment, type MessageKey, type MessageValues, say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { hashPassword, passwordMistake } from '../sign-in/password.ts'
import { mistakeKeys } from '../sign-in/reset-password.ts'
import { startSession } from '../sign-in/session.ts'
import { type CompanyRow, findCompany } from '../store/queries/companies.ts'
import { findInvitation, type InvitationRow } from '../store/queries/invitations.ts'
import { findMember } from '../store/queries/memberships.ts'
import { hashSecret } from '../tokens/token-text.ts'
import { tokenField } from './token-field.ts'

const PATH = '/invitation'
/** Seconds for which a browser keeps the link that it came with: time to sign in. */
const KEPT = 3600

interface Invitation {
  row: InvitationRow
  company: CompanyRow
}

/** `GET /invitation`: from a mail, with `token`, whose secret leaves the address at once. */
export const showInvitation: RouteHandler = async c => {
  const token = queryParameter(c, 'token')
  if (token !== undefined) {
    writeCookie(c, 'link', token.slice(0, 200), KEPT)
    return c.redirect(PATH, 303)
  }
  const invitation = await findOwn(c)
  return invitation ? showPageOf(c, invitation, {}) : showGone(c)
}

/** `POST /invitation`: the signed-in person joins. An e-mail alone joins no account to anything: they chose this one. */
export const accept: RouteHandler = async c => {
  const form = await readForm(c)
  if (!c.var.signedIn) return c.redirect(PATH, 303)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const invitation = await findOwn(c)
  const { user_id: userId } = c.var.signedIn.user
  if (!invitation || !(await acceptInvitation(actingAs(c, 'user', userId), invitation.row, userId))) return showGone(c)
  writeCookie(c, 'link', '', 0)
  return c.redirect('/account', 303)
}

/** `POST /invitation/account`: fields `name` and `password`. Someone without an account makes one, and joins. */
export const acceptWithNewAccount: RouteHandler = async c => {
  const form = await readForm(c)
  if (c.var.signedIn || c.var.runtime.settings.login) return c.redirect(PATH, 303)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const invitation = await findOwn(c)
  if (!invitation) return showGone(c)
  const name = form.get('name')?.slice(0, 300) ?? ''
  const again = (problem: MessageKey) => showPageOf(c, invitation, { problem, name })
  const password = form.get('password') ?? ''
  const mistake = passwordMistake(password)
  if (mistake) return again(mistakeKeys[mistake])
  const passwordHash = await hashPassword(password)
  try {
    const locale = pageLanguage(c)
    const user = await acceptAsNewUser(actingAs(c, 'user', null), invitation.row, { name, locale, passwordHash })
    if (!user) return showGone(c)
    await startSession(c, user)
  } catch (error) {
    if (error instanceof TakenError) return again('invitation.taken')
    if (error instanceof InputError) return again('invitation.name')
    throw error
  }
  writeCookie(c, 'link', '', 0)
  return c.redirect('/account', 303)
}

/** The invitation that this browser came with, while it is good. */
async function findOwn(c: RequestContext): Promise<Invitation | undefined> {
  const { store, clock } = c.var.runtime
  const [idText = '', invitationId = '', secret = ''] = (readCookie(c, 'link') ?? '').split('.')
  const companyId = Number(idText)
  if (!/^[1-9]\d{0,15}$/.test(idText) || !Number.isSafeInteger(companyId)) return undefined
  const key = { company_id: companyId, invitation_id: invitationId }
  const [row, company] = await Promise.all([findInvitation(store, key), findCompany(store, companyId)])
  if (!row?.link_hash || !company || company.suspended_at !== null || clock() >= row.expires_at) return undefined
  return Buffer.from(row.link_hash).equals(hashSecret(secret)) ? { row, company } : undefined
}

interface Shown {
  problem?: MessageKey
  name?: string
}

async function showPageOf(c: RequestContext, { row, company }: Invitation, { problem, name }: Shown) {
  const { signedIn, runtime } = c.var
  const language = pageLanguage(c, undefined, signedIn?.user.locale)
  const inviter = await findMember(runtime.store, row.company_id, row.invited_by)
  const values = { company: company.name, inviter: inviter?.name ?? company.name }
  const title = say(language, 'invitation.title', values)
  return showPage(c, {
    language,
    title,
    status: problem ? 422 : 200,
    ...(signedIn && { footer: accountFooter(c, language, PATH) }),
    body: html`<div class="who-asks"><h1>${title}</h1></div>
${problem ? alert(say(language, problem, { email: row.email })) : ''}
<p>${say(language, 'invitation.text', values)}</p>
${companyTile(say(language, 'console.company'), { name: company.name, domain: company.domain })}
${signedIn ? joinForm(c, language, { name: signedIn.user.name, email: signedIn.user.email }) : newcomer(c, language, row.email, name)}`,
  })
}

function joinForm(c: RequestContext, language: Language, values: MessageValues): Fragment {
  return html`<form method="post" action="${PATH}">${tokenField(c)}
<p>${say(language, 'invitation.as', values)}</p>
<button type="submit">${say(language, 'invitation.join', values)}</button></form>`
}

/** Who has an account signs in first; others make one, with the address that they were written to. */
function newcomer(c: RequestContext, language: Language, email: string, name = ''): Fragment {
  const signIn = html`<p><a href="/sign-in?return_to=${encodeURIComponent(PATH)}" role="button">${say(language, 'invitation.signIn')}</a></p>`
  if (c.var.runtime.settings.login) return signIn
  return html`${signIn}
<h2 class="apart">${say(language, 'invitation.new')}</h2>
<form method="post" action="${PATH}/account">${tokenField(c)}
<p class="small">${say(language, 'invitation.newText', { email })}</p>
<input type="hidden" name="username" value="${email}" autocomplete="username">
<label>${say(language, 'invitation.yourName')}
<input type="text" name="name" autocomplete="name" maxlength="200" required value="${name}"></label>
<label>${say(language, 'signIn.password')}
<input type="password" name="password" dir="ltr" autocomplete="new-password" minlength="8" required aria-describedby="hint"></label>
<p class="small muted" id="hint">${say(language, 'reset.hint')}</p>
<button type="submit" class="quiet">${say(language, 'invitation.create')}</button></form>`
}

function showGone(c: RequestContext) {
  const language = pageLanguage(c, undefined, c.var.signedIn?.user.locale)
  const title = say(language, 'invitation.gone')
  return showPage(c, {
    language,
    title,
    status: 410,
    body: html`<div class="who-asks"><h1>${title}</h1></div><p>${say(language, 'invitation.goneText')}</p>`,
  })
}
