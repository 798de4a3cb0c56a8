import { join } from 'node:path'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { median, round } from './benchmark.ts'
import { loadFully, TENANTRY_ANSWER } from './load/wrk.ts'
import { cpuSeconds } from './machine.ts'
import { checkOut } from './other-checkout.ts'
import { fillStore, MAIN, serveTenantry, someOf } from './targets/tenantry.ts'

// GET /users/me of this checkout beside that of another commit, each on a database that its own `tenantry load` filled,
// in turn in one run. Clones the repository into a temporary folder and installs the other commit's packages there.
//   npm run bench:against -- e98b266 [ROUNDS]
const SECONDS = 3
const TOKENS = 1_000_000
const IN_USE = 10_000

const [commit, rounds] = process.argv.slice(2)
const ROUNDS = Number(rounds ?? 7)
if (commit === undefined) {
  console.error('Name the commit to compare with: npm run bench:against -- COMMIT')
  process.exit(1)
}
const folder = temporaryFolder()
const sides = [
  ['this checkout', MAIN],
  [commit, checkOut(commit, folder.path).main],
] as const
const stores = sides.map(([name, main], index) => {
  console.error(`filling a database with ${TOKENS.toLocaleString('en')} tokens: ${name}`)
  return { name, main, ...fillStore(['--data', join(folder.path, `store-${index}`)], folder.path, TOKENS, main) }
})
type Side = (typeof stores)[number]

console.log(`GET /users/me, medians of ${ROUNDS} rounds; ratios are this checkout's to ${commit}'s`)
for (const [ways, sample] of [
  ['ten thousand tokens in use', ({ tokens }: Side) => someOf(tokens, IN_USE)],
  ['a million tokens at random', ({ tokens }: Side) => tokens],
] as const) {
  const rounds = stores.map(() => ({ perSecond: [] as number[], microseconds: [] as number[] }))
  for (let index = 0; index < ROUNDS; index++) {
    // Each goes first as often as the other, nearly: the machine's speed drifts.
    for (const side of index % 2 === 0 ? [0, 1] : [1, 0]) {
      const result = await measure(stores[side]!, sample(stores[side]!))
      rounds[side]!.perSecond.push(result.perSecond)
      rounds[side]!.microseconds.push(result.microseconds)
    }
  }
  const [here, there] = rounds.map(({ perSecond, microseconds }) => [median(perSecond), median(microseconds)] as const)
  console.log(`  ${ways}`)
  console.log(`    a second: ${here![0].toFixed()} and ${there![0].toFixed()}, ratio ${round(here![0] / there![0], 3)}`)
  console.log(
    `    microseconds of processor time each: ${here![1].toFixed(2)} and ${there![1].toFixed(2)}, ratio ${round(here![1] / there![1], 3)}`,
  )
}
folder.remove()

async function measure({ main, flags }: Side, tokens: string) {
  const server = await serveTenantry({ flags }, { main })
  const endpoint = { port: server.port, tokens, ...TENANTRY_ANSWER }
  try {
    await loadFully(endpoint, 2)
    const before = cpuSeconds(server.pid)
    const { perSecond } = await loadFully(endpoint, SECONDS)
    return { perSecond, microseconds: ((cpuSeconds(server.pid) - before) / (perSecond * SECONDS)) * 1e6 }
  } finally {
    await server.stop()
  }
}
