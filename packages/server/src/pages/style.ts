/** Our own look, a few variables and rules over Pico. Logical properties throughout, so that right-to-left pages mirror. */
export const style = `
:root {
  --pico-font-family: system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans Arabic", "Noto Sans JP", sans-serif;
  --pico-border-radius: 0.625rem;
  --pico-font-size: 100%;
  --tny-width: 27rem;
  --tny-icon: 3.5rem;
}
:root { --tny-focus: #1d5c63; --tny-danger: #a02c20; --tny-danger-inverse: #fff; }
@media (prefers-color-scheme: dark) { :root:not([data-theme]) { --tny-focus: #7fc6c4; --tny-danger: #f0978c; --tny-danger-inverse: #33100c; --pico-form-element-background-color: #131c1e; --pico-form-element-active-background-color: #131c1e; --pico-form-element-color: #dbe4e3; } }
:root:not([data-theme=dark]), [data-theme=light] {
  --pico-primary: #1d5c63;
  --pico-primary-background: #1d5c63;
  --pico-primary-border: #1d5c63;
  --pico-primary-hover: #134449;
  --pico-primary-hover-background: #134449;
  --pico-primary-hover-border: #134449;
  --pico-primary-underline: rgb(29 92 99 / 50%);
  --pico-primary-focus: rgb(29 92 99 / 45%);
  --pico-primary-inverse: #fff;
  --pico-background-color: #f3f5f4;
  --pico-card-background-color: #fff;
  --pico-color: #24302f;
  --pico-muted-color: #566462;
  --pico-form-element-border-color: #8a9896;
  --tny-tile: #e6efee;
  --tny-notice: #fdf3d8;
  --tny-notice-edge: #b07d12;
  --tny-alert: #fbe6e3;
  --tny-alert-edge: #b3372a;
}
@media (prefers-color-scheme: dark) {
  :root:not([data-theme]) {
    --pico-primary: #7fc6c4;
    --pico-primary-background: #7fc6c4;
    --pico-primary-border: #7fc6c4;
    --pico-primary-hover: #a5dcda;
    --pico-primary-hover-background: #a5dcda;
    --pico-primary-hover-border: #a5dcda;
    --pico-primary-underline: rgb(127 198 196 / 50%);
    --pico-primary-focus: rgb(127 198 196 / 45%);
    --pico-primary-inverse: #0c2426;
    --pico-background-color: #10181a;
    --pico-card-background-color: #182325;
    --pico-color: #dbe4e3;
    --pico-muted-color: #a3b1af;
    --pico-form-element-border-color: #6d7e7c;
    --tny-tile: #213335;
    --tny-notice: #3a3013;
    --tny-notice-edge: #d7a63c;
    --tny-alert: #431e1a;
    --tny-alert-edge: #ec8a7e;
  }
}
body { min-block-size: 100dvh; display: flex; flex-direction: column; }
body > header { display: flex; align-items: center; justify-content: center; gap: .75rem; padding: 1.5rem 1rem 0; font-weight: 600; }
body > header img { block-size: 2rem; inline-size: auto; max-inline-size: 60%; }
body > header span { overflow-wrap: anywhere; }
body > main { inline-size: 100%; max-inline-size: calc(var(--tny-width) + 2rem); margin: auto; padding: 1.5rem 1rem; }
body > main.wide { max-inline-size: 44rem; }
body > footer { padding: 0 1rem 1.5rem; text-align: center; color: var(--pico-muted-color); font-size: .875rem; }
body > footer { display: flex; flex-wrap: wrap; justify-content: center; align-items: baseline; gap: .25rem 1rem; }
body > footer > span { overflow-wrap: anywhere; }
body > footer > nav { display: flex; flex: 1 0 100%; flex-wrap: wrap; justify-content: center; gap: .25rem 1rem; }
main > article { margin: 0; padding: 1.75rem 1.5rem; box-shadow: 0 1px 2px rgb(0 0 0 / 8%), 0 8px 28px rgb(0 0 0 / 7%); overflow-wrap: anywhere; }
main > article > :last-child { margin-block-end: 0; }
h1 { font-size: 1.45rem; margin-block-end: .35rem; text-wrap: balance; }
h2 { font-size: 1.1rem; margin-block-end: .5rem; }
p { margin-block-end: 1rem; }
form { margin-block-end: 0; }
form + p { margin-block-start: 1rem; }
form + form { margin-block-start: .75rem; }
button, button[type=submit] { margin-block-end: 0; font-weight: 600; min-block-size: 2.9rem; }
button.plain { inline-size: auto; min-block-size: 0; padding: .25rem 0; border: 0; background: none; box-shadow: none; color: var(--pico-primary); font: inherit; text-decoration: underline; }
button.plain:hover { color: var(--pico-primary-hover); background: none; }
button:focus-visible, a:focus-visible, summary:focus-visible, input:focus-visible, select:focus-visible, [tabindex]:focus-visible, [role=button]:focus-visible { outline: 3px solid var(--tny-focus); outline-offset: 2px; }
button.quiet { --pico-background-color: transparent; --pico-color: var(--pico-primary); background: transparent; border-color: var(--pico-primary); color: var(--pico-primary); }
button.quiet:hover { background: var(--tny-tile); color: var(--pico-primary); }
.muted { color: var(--pico-muted-color); }
.small { font-size: .875rem; }
.who-asks { display: flex; flex-direction: column; align-items: center; gap: .5rem; text-align: center; margin-block-end: 1.25rem; }
.who-asks img, .monogram { inline-size: var(--tny-icon); block-size: var(--tny-icon); border-radius: 1rem; object-fit: cover; }
.monogram { display: grid; place-items: center; background: var(--pico-primary-background); color: var(--pico-primary-inverse); font-size: 1.6rem; font-weight: 700; }
.who-asks h1, .who-asks p { margin: 0; }
.app-links { display: flex; flex-wrap: wrap; justify-content: center; gap: .25rem 1rem; }
.tile { display: block; padding: .85rem 1rem; border-radius: var(--pico-border-radius); background: var(--tny-tile); border-inline-start: .3rem solid var(--pico-primary-background); margin-block-end: 1.25rem; }
.tile .name { font-size: 1.25rem; font-weight: 700; line-height: 1.3; }
.tile .small { display: block; }
.logo { block-size: 2.5rem; inline-size: auto; max-inline-size: 6rem; object-fit: contain; flex: none; }
.tile .logo { float: inline-end; margin-inline-start: .75rem; }
.choices { border: 0; padding: 0; margin: 0 0 1.25rem; }
.choices legend { margin-block-end: .5rem; font-weight: 600; }
.choices label { display: flex; inline-size: 100%; align-items: center; gap: .75rem; padding: .8rem 1rem; margin: 0 0 .5rem; border: 1px solid var(--pico-form-element-border-color); border-radius: var(--pico-border-radius); cursor: pointer; }
.choices label:has(:checked) { border-color: var(--pico-primary-background); background: var(--tny-tile); box-shadow: inset 0 0 0 1px var(--pico-primary-background); }
.choices label:has(:focus-visible) { outline: 3px solid var(--tny-focus); outline-offset: 2px; }
.choices .profile { display: block; }
.badge { display: inline-block; padding: 0 .5rem; border: 1px solid var(--pico-primary); border-radius: 1rem; color: var(--pico-primary); }
.search { display: grid; grid-template-columns: 1fr auto; gap: .5rem; margin-block-end: 1rem; }
.search input { margin: 0; }
.search button { inline-size: auto; block-size: 100%; min-block-size: 0; }
.decide.stays { position: sticky; inset-block-end: 0; padding-block: .75rem; background: var(--pico-card-background-color); }
nav.sections { display: block; margin-block-end: 1.25rem; border-block-end: 1px solid var(--pico-muted-border-color); }
nav.sections ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; padding: 0; margin: 0; }
nav.sections li { list-style: none; padding: 0; }
nav.sections a { display: block; padding: .5rem 0; margin: 0 0 -1px; border-radius: 0; text-decoration: none; border-block-end: 3px solid transparent; }
nav.sections [aria-current] { border-color: var(--pico-primary-background); font-weight: 600; }
.apart { margin-block-start: 1.75rem; }
.use-chart { inline-size: 100%; block-size: 6rem; }
.use-chart .tokens { fill: var(--pico-primary); }
.use-chart .sign-ins { fill: var(--pico-color); }
.use-chart .axis { stroke: var(--pico-muted-color); stroke-width: 1; }
.figure { margin-block-end: .75rem; }
.figure svg { display: block; inline-size: 100%; block-size: 2.5rem; }
.figure polyline { fill: none; stroke: var(--pico-primary); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.figure .axis { stroke: var(--pico-muted-color); stroke-width: 1; }
[dir=rtl] .figure svg, [dir=rtl] .use-chart { transform: scaleX(-1); }
.facts { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .3rem 1rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.facts .block { display: block; }
ul.checks { padding: 0; margin-block: -.5rem 1rem; }
.checks li { list-style: none; margin: 0 0 .25rem; overflow-wrap: anywhere; }
.checks bdi { font-weight: 600; }
.checks .wrong { color: var(--tny-danger); }
.mail { white-space: pre-wrap; overflow-wrap: anywhere; }
.people { padding: 0; }
.people li { list-style: none; margin: 0 0 .9rem; }
.people .small { display: block; }
.people .badge { width: fit-content; }
.answers { display: flex; flex-wrap: wrap; gap: .5rem; }
.answers button { inline-size: auto; flex: 1 1 auto; }
blockquote { padding: .5rem 1rem; margin: 0 0 1rem; border-inline-start: .3rem solid var(--pico-muted-border-color); }
blockquote { white-space: pre-wrap; }
.choices [type=checkbox] { align-self: flex-start; margin-block-start: .2rem; border-radius: .25rem; }
.log td:first-child { white-space: nowrap; }
input.code { font: 600 1.4rem ui-monospace, monospace; letter-spacing: .1em; text-align: center; text-transform: uppercase; }
input.code::placeholder { opacity: .45; }
.sr-only { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.language { display: flex; align-items: baseline; gap: .5rem; margin: 0; }
.language label { margin: 0; }
.language select { inline-size: auto; margin: 0; padding: .2rem 2rem .2rem .5rem; block-size: auto; font-size: .875rem; }
h1, h2, .name, .tile strong { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; padding-block-end: .15em; }
.tile strong { -webkit-line-clamp: 2; }
details.danger > summary:not([role]) { color: var(--tny-danger); }
button.danger { background: var(--tny-danger); border-color: var(--tny-danger); color: var(--tny-danger-inverse); }
button.danger:hover { filter: brightness(.9); }
.choices input { margin: 0; flex: none; }
.choices .name { font-weight: 600; }
.can-do { padding-inline-start: 1.2rem; margin-block-end: 1.25rem; }
p:has(+ .can-do) { margin-block-end: .25rem; }
.can-do li { margin-block-end: .35rem; }
.decide { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
.notice, .alert { padding: .8rem 1rem; border-radius: var(--pico-border-radius); border-inline-start: .3rem solid; margin-block-end: 1.25rem; }
.notice { background: var(--tny-notice); border-color: var(--tny-notice-edge); }
.alert { background: var(--tny-alert); border-color: var(--tny-alert-edge); }
.installations { list-style: none; padding: 0; margin: 0; }
.installations > li { list-style: none; margin: 0 0 1.25rem; }
.app { padding-block: 1.25rem; margin: 0; border-block-start: 1px solid var(--pico-muted-border-color); }
.installation-head { display: flex; gap: .9rem; align-items: center; margin-block-end: .75rem; }
.installation-head img, .installation-head .monogram { --tny-icon: 2.75rem; flex: none; border-radius: .75rem; inline-size: var(--tny-icon); block-size: var(--tny-icon); font-size: 1.25rem; }
.installation-head h2, .installation-head p { margin: 0; }
details { margin: 0; padding: 0; border: 0; }
details > summary:not([role]) { color: var(--pico-primary); inline-size: fit-content; }
details > summary::after { margin-inline-start: .5rem; }
pre, code { direction: ltr; text-align: start; }
pre { overflow-x: auto; }
pre code { white-space: pre; overflow-wrap: normal; }
table { font-size: .9rem; min-inline-size: 34rem; overflow-wrap: normal; }
.scroll { overflow-x: auto; }
`
