import { html } from 'hono/html'
import { DAY } from '../apps/app-uses.ts'
import type { RequestContext } from '../http/environment.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { type AppUsesRow, listAppUses } from '../store/queries/app-uses.ts'
import type { AppVisit } from './visit-app.ts'

/** Days that are shown. */
const DAYS = 30
/** In the units of the picture. */
const HEIGHT = 60
const STEP = 10
const BAR = 7

/** How an app was used at a company, by day: a picture, and the same as a table. */
export async function useChart(c: RequestContext, visit: AppVisit): Promise<Fragment | string> {
  const { companyId, language, app, membership } = visit
  const { store, clock } = c.var.runtime
  const today = Math.floor(clock() / DAY)
  const first = today - DAYS + 1
  const rows = await listAppUses(store, { company_id: companyId, client_id: app.clientId, day: first })
  if (rows.length === 0) return ''
  const byDay = new Map(rows.map(row => [row.day, row]))
  const sum = (pick: (row: AppUsesRow) => number) => rows.reduce((total, row) => total + pick(row), 0)
  const values = { tokens: sum(({ tokens }) => tokens), signIns: sum(({ sign_ins }) => sign_ins), days: DAYS }
  const most = Math.max(...rows.map(({ tokens, sign_ins }) => Math.max(tokens, sign_ins)))
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' })
  const summary = say(language, 'console.use.summary', values)
  return html`<h2 class="apart">${say(language, 'console.use', { company: membership.company_name })}</h2>
<svg class="use-chart" viewBox="0 0 ${DAYS * STEP} ${HEIGHT}" role="img" aria-label="${summary}" preserveAspectRatio="none">
${Array.from({ length: DAYS }, (_, index) => bars(index, byDay.get(first + index), most))}
<line x1="0" y1="${HEIGHT}" x2="${DAYS * STEP}" y2="${HEIGHT}" class="axis"/></svg>
<p class="small">${summary}</p>
<details class="small"><summary>${say(language, 'console.use.numbers')}</summary>
<div class="scroll" tabindex="0" role="region" aria-label="${say(language, 'console.use.numbers')}"><table>
<thead><tr><th scope="col">${say(language, 'console.use.day')}</th><th scope="col">${say(language, 'console.use.tokens')}</th><th scope="col">${say(language, 'console.use.signIns')}</th></tr></thead>
<tbody>${rows.map(({ day, tokens, sign_ins }) => html`<tr><td>${format.format(day * DAY)}</td><td>${tokens}</td><td>${sign_ins}</td></tr>`)}</tbody></table></div></details>`
}

/** A day's requests for tokens, and its sign-ins in front of them. */
function bars(index: number, row: AppUsesRow | undefined, most: number) {
  if (!row) return ''
  const x = index * STEP + (STEP - BAR) / 2
  const bar = (count: number, width: number, name: string) => {
    const height = Math.max(count > 0 ? 1 : 0, Math.round((count / most) * HEIGHT))
    return html`<rect x="${x}" y="${HEIGHT - height}" width="${width}" height="${height}" class="${name}"/>`
  }
  return html`${bar(row.tokens, BAR, 'tokens')}${bar(row.sign_ins, BAR / 2, 'sign-ins')}`
}
