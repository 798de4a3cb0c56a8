import { html } from 'hono/html'
import type { Runtime } from '../config/runtime.ts'
import { actingAs } from '../http/acting.ts'
import type { RequestContext } from '../http/environment.ts'
import { accountFooter } from '../pages/account-footer.ts'
import { PageError } from '../pages/error-page.ts'
import type { Language } from '../pages/languages.ts'
import { type Fragment, type MessageKey, say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { guardStore } from '../store/guarded-store.ts'
import { findOperator, requireOperator } from '../store/queries/operators.ts'

/** A page of the operators' console. */
export interface OperatorVisit {
  userId: number
  language: Language
  /** A moment in UTC, as all nodes and logs have it. */
  moment(time: number): string
}

/**
 * The signed-in person as an operator, as they are now.
 * @throws {PageError} 404 for who is none, as if there were no such page
 */
export async function visitPlatform(c: RequestContext): Promise<OperatorVisit> {
  const { user } = c.var.signedIn!
  await requireConsole(c)
  const language = pageLanguage(c, undefined, user.locale)
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
  return { userId: user.user_id, language, moment: time => format.format(time) }
}

async function requireConsole(c: RequestContext) {
  const operator = await findOperator(c.var.runtime.store, c.var.signedIn!.user.user_id)
  if (!operator) throw new PageError(404, 'error.notFound')
}

/** The runtime for what an operator changes: nothing is committed once they are none any more, and the page is as for all others then. */
export function actAsOperator(c: RequestContext, { userId }: OperatorVisit): Runtime {
  const { store } = c.var.runtime
  const guarded = guardStore(store, { require: [requireOperator(store, userId)], check: () => requireConsole(c) })
  return { ...actingAs(c, 'user', userId), store: guarded }
}

const SECTIONS = [
  ['', 'operator.overview'],
  ['/search', 'operator.search'],
  ['/callbacks', 'operator.callbacks'],
  ['/new-app', 'operator.app.new'],
  ['/log', 'console.log'],
] as const satisfies readonly (readonly [string, MessageKey])[]

interface OperatorPage {
  section: (typeof SECTIONS)[number][0] | 'none'
  title: string
  body: Fragment
  status?: 200 | 422 | 429
  /** Where it can be read in another language, if not by its own address. */
  address?: string
  /** The path of a script of ours. */
  script?: string
}

export function showOperatorPage(c: RequestContext, { language }: OperatorVisit, page: OperatorPage) {
  return showPage(c, {
    language,
    title: page.title,
    wide: true,
    status: page.status ?? 200,
    ...(page.script !== undefined && { script: page.script }),
    ...(page.address !== undefined && { address: page.address }),
    footer: accountFooter(c, language, '/sign-in'),
    body: html`<nav class="sections" aria-label="${say(language, 'console.sections')}"><ul>${SECTIONS.map(
      ([path, key]) =>
        html`<li><a href="/operator${path}"${path === page.section ? html` aria-current="page"` : ''}>${say(language, key)}</a></li>`,
    )}</ul></nav>
<h1>${page.title}</h1>
${page.body}`,
  })
}
