import { escaped } from './plot.ts'

/** What is used of a profile as `--cpu-prof` writes it. */
export interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number }; children?: number[] }[]
  samples: number[]
  timeDeltas: number[]
}

interface Frame {
  name: string
  kind: Kind
  time: number
  callees: Map<string, Frame>
}

type Kind = keyof typeof COLOURS
const COLOURS = { ours: '#3b6fd4', dependency: '#c98a2b', node: '#7a8794', engine: '#b5524a' }
const WIDTH = 1200
const ROW = 17
/** Frames of less than this part of all are left out. */
const LEAST = 0.003

/**
 * Draws where the time of a profile went: callers below, callees above, as wide as the time they took.
 * @param begin the function whose first call is where it begins
 */
export function drawFlameGraph(profile: Profile, title: string, begin: string): string {
  const root = gather(profile, begin)
  const depth = depthOf(root, root.time)
  const height = (depth + 3) * ROW + 20
  const frames = draw(root, { x: 0, level: 0, scale: WIDTH / root.time, bottom: height - 30, least: root.time * LEAST })
  const legend = Object.entries(COLOURS).map(
    ([kind, colour], index) =>
      `<rect x="${10 + index * 130}" y="${height - 12}" width="10" height="10" fill="${colour}"/><text x="${24 + index * 130}" y="${height - 3}">${kind}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="11" role="img" aria-label="${escaped(title)}">
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="10" y="16" font-size="14">${escaped(title)}</text>
${[...frames, ...legend].join('\n')}
</svg>
`
}

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
  const root: Frame = { name: 'all', kind: 'engine', time: 0, callees: new Map() }
  const add = (id: number, into: Frame): number => {
    const { callFrame, children = [] } = byId.get(id)!
    if (callFrame.functionName === '(idle)') return 0
    const name = nameOf(callFrame)
    const frame = into.callees.get(name) ?? { name, kind: kindOf(callFrame), time: 0, callees: new Map() }
    into.callees.set(name, frame)
    const time = children.reduce((sum, child) => sum + add(child, frame), own.get(id) ?? 0)
    frame.time += time
    return time
  }
  for (const child of nodes[0]?.children ?? []) root.time += add(child, root)
  return root
}

function nameOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const file = url.replace(/^.*\/(?:packages|node_modules)\//, '').replace(/^file:\/\//, '')
  return file ? `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}` : functionName
}

function kindOf({ url }: Profile['nodes'][number]['callFrame']): Kind {
  if (url === '') return 'engine'
  if (url.startsWith('node:')) return 'node'
  return url.includes('/node_modules/') ? 'dependency' : 'ours'
}

function depthOf(frame: Frame, all: number): number {
  const deep = [...frame.callees.values()].filter(({ time }) => time >= all * LEAST)
  return 1 + Math.max(0, ...deep.map(callee => depthOf(callee, all)))
}

interface Place {
  x: number
  level: number
  scale: number
  bottom: number
  least: number
}

function draw(frame: Frame, place: Place): string[] {
  const { x, level, scale, bottom, least } = place
  const width = frame.time * scale
  const y = bottom - (level + 1) * ROW
  const part = `${((100 * width) / WIDTH).toFixed(1)} %`
  const label = frame.name.slice(0, Math.max(0, Math.floor((width - 6) / 6.7)))
  const drawn = [
    `<g><title>${escaped(frame.name)}, ${part}</title><rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${COLOURS[frame.kind]}"/>${label.length > 2 ? `<text x="${(x + 3).toFixed(1)}" y="${y + 12}" fill="#fff">${escaped(label)}</text>` : ''}</g>`,
  ]
  let at = x
  for (const callee of [...frame.callees.values()].sort((a, b) => b.time - a.time)) {
    if (callee.time >= least) drawn.push(...draw(callee, { ...place, x: at, level: level + 1 }))
    at += callee.time * scale
  }
  return drawn
}
