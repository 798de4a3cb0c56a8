import { readFileSync } from 'node:fs'

export const style = `
:root { color-scheme: light dark; --ink: #23302a; --muted: #5c6a62; --paper: #f5f3ec; --card: #fffdf7; --edge: #ddd8c8; --accent: #2f6b46; --on-accent: #fff; --gone: #9a4a1c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebe3; --muted: #a7b3aa; --paper: #141a16; --card: #1d2520; --edge: #37423a; --accent: #8fd0a8; --on-accent: #0d2216; --gone: #f0a878; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans Arabic", sans-serif; overflow-wrap: anywhere; }
header { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: .5rem 1rem; max-inline-size: 64rem; margin: auto; padding: 1rem; }
.brand { display: inline-flex; align-items: center; gap: .6rem; font-weight: 700; font-size: 1.15rem; color: inherit; text-decoration: none; }
main { max-inline-size: 64rem; margin: auto; padding: 0 1rem 3rem; }
h1 { font-size: 1.8rem; line-height: 1.25; margin: .5rem 0 1.25rem; text-wrap: balance; }
h2 { font-size: 1.15rem; margin: 0 0 .75rem; }
h3 { font-size: 1.05rem; margin: 0; }
p { margin: 0 0 .6rem; }
.landing { max-inline-size: 34rem; margin: 12vh auto 0; text-align: center; }
.columns { display: grid; gap: 2rem; }
@media (min-width: 50rem) { .columns { grid-template-columns: 3fr 2fr; } }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: .8rem; padding: 1rem 1.1rem; }
.card > :last-child { margin-block-end: 0; }
.notes, .companies { list-style: none; padding: 0; margin: 1rem 0; display: grid; gap: .75rem; }
.companies { margin-block-start: 0; }
.notes p { white-space: pre-wrap; }
time, .muted { color: var(--muted); font-size: .9rem; }
.status { font-size: .85rem; font-weight: 600; color: var(--accent); }
.uninstalled .status, .disconnected .status, .needs_reauthorization .status { color: var(--gone); }
.uninstalled, .disconnected { border-style: dashed; }
section.notebook + section.notebook { margin-block-start: 2rem; }
.write { display: grid; gap: .6rem; justify-items: start; }
label { font-weight: 600; }
textarea { inline-size: 100%; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--muted); border-radius: .5rem; padding: .6rem; resize: vertical; }
button, .button { display: inline-block; font: inherit; font-weight: 600; padding: .6rem 1.2rem; border: 1px solid var(--accent); border-radius: .6rem; background: var(--accent); color: var(--on-accent); text-decoration: none; cursor: pointer; }
.quiet { background: transparent; color: var(--accent); }
.link { border: 0; background: none; padding: .3rem 0; color: var(--accent); text-decoration: underline; font-weight: 400; }
:is(a, button, textarea):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.add p { margin-block-start: .5rem; }
`

/** Shows an uninstall that happens elsewhere, unless a note is being written. */
export const live = `
const list = document.querySelector('.companies')
const stateOf = links => links.map(link => [link.company_id, link.user_id, link.status].join()).join(';')
setInterval(async () => {
  if (!list || document.hidden || document.querySelector('textarea')?.value) return
  const answer = await fetch('/api/links').catch(() => null)
  if (answer?.ok && stateOf(await answer.json()) !== list.dataset.state) location.reload()
}, 2000)
`

export const icon = readFileSync(new URL('../icon.svg', import.meta.url), 'utf8')
