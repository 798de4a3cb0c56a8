import { html } from 'hono/html'
import type { Fragment } from '../pages/messages.ts'

/** What something is, as names and values. */
export function factList(facts: readonly (readonly [name: string, value: string | Fragment])[]): Fragment {
  return html`<dl class="facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd><bdi>${value}</bdi></dd>`)}</dl>`
}
