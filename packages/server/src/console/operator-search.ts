import { html } from 'hono/html'
import { findUserByAnyEmail } from '../companies/users.ts'
import type { Runtime } from '../config/runtime.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { PageError } from '../pages/error-page.ts'
import type { Language } from '../pages/languages.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { findAccessToken } from '../store/queries/access-tokens.ts'
import { findApp, listApps } from '../store/queries/apps.ts'
import { findCompany, findCompanyByDomain, listCompanies } from '../store/queries/companies.ts'
import { findRefreshToken } from '../store/queries/refresh-tokens.ts'
import { findResourceServerByClient, listResourceServers } from '../store/queries/resource-servers.ts'
import { findUser, listUsers } from '../store/queries/users.ts'
import { hashSecret, isAccessTokenKind, parseToken } from '../tokens/token-text.ts'
import { type OperatorVisit, showOperatorPage, visitPlatform } from './operator-access.ts'
import { tokenField } from './token-field.ts'

/** Of each kind. */
const MOST = 20

interface Found {
  users: { user_id: number; name: string; email: string }[]
  companies: { company_id: number; name: string; domain: string }[]
  apps: { client_id: string; name: string }[]
  resourceServers: { resource_server_id: number; name: string; identifier: string }[]
}

/** `GET /operator/search`: the form alone. */
export const operatorSearch: RouteHandler = async c => showSearch(c, await visitPlatform(c), '', none())

/**
 * `POST /operator/search`: `q` is an id, a name, an e-mail, a domain, a client id or a token.
 * It is not part of the address: addresses stay in histories and in the logs of proxies (RFC 9700 section 4.3.2).
 */
export const searchPlatform: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitPlatform(c)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const text = (form.get('q') ?? '').trim().slice(0, 200)
  return showSearch(c, visit, text, text === '' ? none() : await search(c.var.runtime, text))
}

function showSearch(
  c: RequestContext,
  visit: OperatorVisit,
  text: string,
  { users, companies, apps, resourceServers }: Found,
) {
  const { language } = visit
  const isEmpty = [users, companies, apps, resourceServers].every(each => each.length === 0)
  const group = (key: Parameters<typeof say>[1], lines: Fragment[]) =>
    lines.length === 0 ? '' : html`<h2 class="apart">${say(language, key)}</h2><ul class="people">${lines}</ul>`
  return showOperatorPage(c, visit, {
    section: '/search',
    title: say(language, 'operator.search'),
    // A token is a secret: what was searched for is not shown again.
    body: html`${searchForm(c, language, looksSecret(text) ? '' : text)}
${text !== '' && isEmpty ? html`<p class="muted">${say(language, 'operator.search.none')}</p>` : ''}
${group(
  'operator.companies',
  companies.map(
    ({ company_id, name, domain }) =>
      html`<li><a href="/operator/companies/${company_id}"><bdi>${name}</bdi></a> <span class="small muted"><bdi>${domain}</bdi> · ${company_id}</span></li>`,
  ),
)}
${group(
  'operator.users',
  users.map(
    ({ user_id, name, email }) =>
      html`<li><a href="/operator/users/${user_id}"><bdi>${name}</bdi></a> <span class="small muted"><bdi>${email}</bdi> · ${user_id}</span></li>`,
  ),
)}
${group(
  'console.apps',
  apps.map(
    ({ client_id, name }) =>
      html`<li><a href="/operator/apps/${encodeURIComponent(client_id)}"><bdi>${name}</bdi></a> <span class="small muted"><bdi>${client_id}</bdi></span></li>`,
  ),
)}
${group(
  'operator.resourceServers',
  resourceServers.map(
    ({ resource_server_id: id, name, identifier }) =>
      html`<li><a href="/operator/resource-servers/${id}"><bdi>${name}</bdi></a> <span class="small muted"><bdi>${identifier}</bdi></span></li>`,
  ),
)}`,
  })
}

export function searchForm(c: RequestContext, language: Language, text: string): Fragment {
  return html`<search><form method="post" action="/operator/search">${tokenField(c)}
<label>${say(language, 'operator.search.for')}
<input type="search" name="q" dir="auto" maxlength="200" autocomplete="off" spellcheck="false" value="${text}"></label>
<button type="submit">${say(language, 'operator.search')}</button></form></search>`
}

function none(): Found {
  return { users: [], companies: [], apps: [], resourceServers: [] }
}

async function search(runtime: Runtime, text: string): Promise<Found> {
  const { store } = runtime
  if (looksSecret(text)) return searchToken(runtime, text)
  const id = /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined
  const exact = await Promise.all([
    id === undefined ? undefined : findUser(store, id),
    text.includes('@') ? findUserByAnyEmail(store, text) : undefined,
    id === undefined ? undefined : findCompany(store, id),
    findCompanyByDomain(store, text.toLowerCase()),
    findApp(store, text),
    findResourceServerByClient(store, text),
  ])
  const [byId, byEmail, company, ofDomain, app, ofClient] = exact
  const [users, companies, apps, resourceServers] = await Promise.all([
    listUsers(store, { search: text, limit: MOST }),
    listCompanies(store, { search: text, limit: MOST }),
    listApps(store, { search: text, limit: MOST }),
    listResourceServers(store, { search: text, limit: MOST }),
  ])
  return {
    users: unique([byId, byEmail, ...users], each => each.user_id),
    companies: unique([company, ofDomain, ...companies], each => each.company_id),
    apps: unique([app, ...apps], each => each.client_id),
    resourceServers: unique([ofClient, ...resourceServers], each => each.resource_server_id),
  }
}

/** Tokens, secrets and keys, also where they were cut off or mistyped. */
function looksSecret(text: string): boolean {
  return text.startsWith('tny_')
}

/** Whom a token speaks for. Of its beginning alone, or one that is not accepted any more, the company that it names. */
async function searchToken({ store }: Runtime, text: string): Promise<Found> {
  const parsed = parseToken(text)
  const companyId = parsed?.companyId ?? Number(/^tny_[a-z]{2}_(\d{1,15})(_|$)/.exec(text)?.[1] ?? 0)
  const find = isAccessTokenKind(parsed?.kind) ? findAccessToken : findRefreshToken
  const token = parsed && parsed.kind !== 'ac' ? await find(store, companyId, hashSecret(text)) : undefined
  const [company, user, app] = await Promise.all([
    findCompany(store, companyId),
    token && findUser(store, token.user_id),
    token && findApp(store, token.client_id),
  ])
  return { ...none(), companies: company ? [company] : [], users: user ? [user] : [], apps: app ? [app] : [] }
}

function unique<Row>(rows: readonly (Row | undefined)[], keyOf: (row: Row) => unknown): Row[] {
  return [...new Map(rows.filter(row => row !== undefined).map(row => [keyOf(row), row])).values()].slice(0, MOST)
}
