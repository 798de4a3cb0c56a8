import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser } from 'playwright-core'

/** What is used of a profile as `--cpu-prof` writes it. */
export interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number }; children?: number[] }[]
  samples: number[]
  timeDeltas: number[]
}

/** A call as d3-flame-graph reads it; `value` is its time in microseconds, with that of its callees. */
export interface Frame {
  name: string
  kind: keyof typeof COLOURS
  value: number
  children: Frame[]
}

/** Of our code, a package's, Node's own and the engine's with its natives. */
export const COLOURS = { ours: '#8fb3ff', dependency: '#f0c274', node: '#b8c2cc', engine: '#f0a39b' }

/** Calls of less than this part of all are left out. */
const SMALLEST = 0.003

/**
 * Draws where the time of a profile went: callers below, callees above, as wide as the time they took.
 * @param begin the function whose first call is where it begins
 * @returns a PNG image
 */
export async function drawFlameGraph(
  browser: Browser,
  profile: Profile,
  { title, begin }: { title: string; begin: string },
): Promise<Buffer> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./flame-graph-page.js', import.meta.url))],
    bundle: true,
    format: 'iife',
    write: false,
    outdir: '/',
  })
  const textOf = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? ''
  const root = gather(profile, begin)
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 }, colorScheme: 'light' })
  await page.setContent(`<style>body { margin: 0; font-family: sans-serif }${textOf('.css')}</style><figure></figure>`)
  await page.addScriptTag({ content: textOf('.js') })
  await page.evaluate(
    settings => (globalThis as unknown as { drawFlameGraph(of: typeof settings): void }).drawFlameGraph(settings),
    { root: withoutSmall(root, SMALLEST * root.value), title, colours: COLOURS },
  )
  // The library lets frames grow to their width; `__transition` is where d3 keeps what still runs.
  await page.waitForFunction("[...document.querySelectorAll('rect')].every(rect => !('__transition' in rect))")
  const image = await page.locator('figure').screenshot()
  await page.close()
  return image
}

/** The calls of a profile as a tree, from the first call of `begin` on, without the time spent waiting. */
function gather({ nodes, samples, timeDeltas }: Profile, begin: string): Frame {
  const byId = new Map(nodes.map(node => [node.id, node]))
  const within = new Set<number>()
  for (const { id, callFrame, children = [] } of nodes) {
    // Callers come before those they call.
    if (callFrame.functionName === begin) within.add(id)
    if (within.has(id)) for (const child of children) within.add(child)
  }
  const from = samples.findIndex(id => within.has(id))
  const own = new Map<number, number>()
  samples.forEach((id, index) => {
    if (index >= from) own.set(id, (own.get(id) ?? 0) + (timeDeltas[index] ?? 0))
  })
  const root = newFrame('all', 'engine')
  const add = (id: number, into: Frame): number => {
    const { callFrame, children = [] } = byId.get(id)!
    if (callFrame.functionName === '(idle)') return 0
    const name = nameOf(callFrame)
    const callee = into.children.find(known => known.name === name) ?? newFrame(name, kindOf(callFrame))
    if (!into.children.includes(callee)) into.children.push(callee)
    const time = children.reduce((sum, child) => sum + add(child, callee), own.get(id) ?? 0)
    callee.value += time
    return time
  }
  for (const child of nodes[0]?.children ?? []) root.value += add(child, root)
  return root
}

function nameOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const file = url.replace(/^.*\/(?:packages|node_modules)\//, '').replace(/^file:\/\//, '')
  return file ? `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}` : functionName
}

function kindOf({ url }: Profile['nodes'][number]['callFrame']): Frame['kind'] {
  if (url === '') return 'engine'
  if (url.startsWith('node:')) return 'node'
  return url.includes('/node_modules/') ? 'dependency' : 'ours'
}

function newFrame(name: string, kind: Frame['kind']): Frame {
  return { name, kind, value: 0, children: [] }
}

function withoutSmall(frame: Frame, smallest: number): Frame {
  const large = frame.children.filter(({ value }) => value >= smallest)
  return { ...frame, children: large.map(child => withoutSmall(child, smallest)) }
}
