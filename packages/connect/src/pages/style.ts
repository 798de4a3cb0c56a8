/** Logical properties throughout, so that right-to-left pages mirror. */
export const style = `
:root { color-scheme: light dark; --ink: #1f2a37; --muted: #586474; --paper: #f4f5f7; --card: #fff; --accent: #2d4f9e; --on-accent: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e8ef; --muted: #a3aebc; --paper: #11161d; --card: #1a222c; --accent: #9db8f5; --on-accent: #0f1b38; } }
* { box-sizing: border-box; }
body { margin: 0; min-block-size: 100dvh; display: grid; place-items: center; padding: 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans Arabic", "Noto Sans JP", sans-serif; }
main { inline-size: 100%; max-inline-size: 28rem; padding: 2rem 1.5rem; background: var(--card); border-radius: 1rem; box-shadow: 0 1px 2px rgb(0 0 0 / 8%), 0 8px 28px rgb(0 0 0 / 8%); overflow-wrap: anywhere; }
.brand { display: flex; align-items: center; gap: .6rem; font-weight: 600; color: var(--muted); }
.brand img { block-size: 2rem; inline-size: auto; max-inline-size: 60%; }
h1 { margin: 0 0 .75rem; font-size: 1.4rem; line-height: 1.3; text-wrap: balance; }
p { margin: 0 0 1rem; }
p:last-child { margin-block-end: 0; }
.who { font-size: 1.1rem; }
.muted { color: var(--muted); font-size: .9rem; }
.button { display: inline-block; padding: .65rem 1.25rem; margin-block-start: .5rem; border: 1px solid var(--accent); border-radius: .6rem; background: var(--accent); color: var(--on-accent); font-weight: 600; text-decoration: none; font-family: inherit; font-size: inherit; line-height: inherit; cursor: pointer; }
form { margin: 0; }
.button.quiet { background: transparent; color: var(--accent); }
.button:focus-visible { outline: 3px solid var(--muted); outline-offset: 2px; }
`
