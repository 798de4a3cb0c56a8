import { html } from 'hono/html'
import type { Runtime } from '../config/runtime.ts'
import type { Language } from '../pages/languages.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { listPlatformFigures, type PlatformFiguresRow } from '../store/queries/platform-figures.ts'

const DAY = 24 * 3600 * 1000
/** More than are taken in a day. */
const MOST = 600
/** In the units of the picture. */
const [WIDTH, HEIGHT] = [300, 40]
const MEGABYTE = 1024 * 1024

/** How the platform was in the last day: a small picture of each figure, with the numbers beside it. */
export async function figureCharts({ store, clock }: Runtime, language: Language): Promise<Fragment | string> {
  const now = clock()
  const rows = await listPlatformFigures(store, now - DAY, MOST)
  if (rows.length < 2) return ''
  const number = new Intl.NumberFormat(language)
  const callbacks = (state: string) => `${say(language, 'operator.callbacks')} · ${state}`
  const chart = (name: string, pick: (row: PlatformFiguresRow) => number, unit = '') =>
    figure(name, rows, pick, now - DAY, values => {
      const [present, most] = [values.at(-1)!, Math.max(...values)].map(value => number.format(value) + unit)
      return say(language, 'operator.history.summary', { present: present!, most: most! })
    })
  return html`<h2 class="apart">${say(language, 'operator.history')}</h2>
${chart(`${say(language, 'operator.database')} · ${say(language, 'operator.size')}`, row => Math.ceil(row.database_bytes / MEGABYTE), ' MiB')}
${chart(callbacks(say(language, 'operator.callbacks.pending')), row => row.waiting_callbacks)}
${chart(callbacks(say(language, 'operator.callbacks.givenUp')), row => row.failed_callbacks)}
${chart(say(language, 'operator.mails'), row => row.waiting_mails)}`
}

function figure(
  name: string,
  rows: readonly PlatformFiguresRow[],
  pick: (row: PlatformFiguresRow) => number,
  begin: number,
  summarize: (values: readonly number[]) => string,
): Fragment {
  const values = rows.map(pick)
  const most = Math.max(...values, 1)
  const points = rows.map(({ taken_at }, index) => {
    const x = Math.round(((taken_at - begin) / DAY) * WIDTH)
    return `${x},${HEIGHT - Math.round((values[index]! / most) * (HEIGHT - 2)) - 1}`
  })
  const summary = summarize(values)
  return html`<div class="figure"><span class="small"><strong>${name}</strong> · ${summary}</span>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${name}: ${summary}" preserveAspectRatio="none">
<polyline points="${points.join(' ')}"/><line x1="0" y1="${HEIGHT}" x2="${WIDTH}" y2="${HEIGHT}" class="axis"/></svg></div>`
}
