import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launchChromium } from '../tests/support/chromium.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { drawFlameGraph, type Profile } from './flame-graph.ts'
import { loadFully, TENANTRY_ANSWER } from './load/wrk.ts'
import { makeStore, serveTenantry, someOf } from './targets/tenantry.ts'

// Where the time of GET /users/me goes, drawn as docs/images/flame-*.png: tokens in use, and tokens drawn at random.
//   npm run bench:flame
const TOKENS = 1_000_000
const IN_USE = 10_000
const SECONDS = 5

const folder = temporaryFolder()
const browser = await launchChromium()
const store = await makeStore(['--data', join(folder.path, 'store')], folder.path, { tokens: TOKENS, grants: 1 })
const images = fileURLToPath(new URL('../docs/images/', import.meta.url))
mkdirSync(images, { recursive: true })
for (const [name, title, tokens] of [
  ['in-use', 'GET /users/me, ten thousand tokens in use', someOf(store.tokens, IN_USE)],
  ['at-random', 'GET /users/me, a million tokens at random', store.tokens],
] as const) {
  const profiles = join(folder.path, name)
  const server = await serveTenantry(store, { profileTo: profiles })
  await loadFully({ port: server.port, tokens, ...TENANTRY_ANSWER }, SECONDS)
  await server.stop()
  // One for each thread: the one that answers has by far the most to tell.
  const [busiest] = readdirSync(profiles)
    .map(file => JSON.parse(readFileSync(join(profiles, file), 'utf8')) as Profile)
    .sort((a, b) => b.nodes.length - a.nodes.length)
  const path = join(images, `flame-${name}.png`)
  writeFileSync(path, await drawFlameGraph(browser, busiest!, { title, begin: 'onStreamRead' }))
  console.log(path)
}
await browser.close()
folder.remove()
