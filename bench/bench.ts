import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Benchmark, Report } from './benchmark.ts'
import { bulk } from './bulk.ts'
import { crowds } from './crowds.ts'
import { growth } from './growth.ts'
import { hostile } from './hostile.ts'
import { install } from './install.ts'
import { link } from './link.ts'
import { describeMachine } from './machine.ts'
import { mixed } from './mixed.ts'
import { drawPlot } from './plot.ts'
import { refresh } from './refresh.ts'
import { start } from './start.ts'
import { usersMe } from './users-me.ts'
import { writes } from './writes.ts'

const benchmarks: readonly Benchmark[] = [
  usersMe,
  refresh,
  install,
  link,
  growth,
  crowds,
  start,
  hostile,
  writes,
  bulk,
  mixed,
]

// Everything that is claimed of speed: each way beside the others in the same run, in turn, every answer checked.
//   npm run bench                                   all of them
//   npm run bench -- users-me --json                one; its last line is JSON
//   npm run bench -- --quick                        a short look
//   npm run bench -- --write                        and the pictures of docs/performance.md
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})

const chosen = positionals.length === 0 ? benchmarks : benchmarks.filter(({ name }) => positionals.includes(name))
const unknown = positionals.filter(name => !benchmarks.some(benchmark => benchmark.name === name))
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are:`)
  for (const { name, about } of benchmarks) console.error(`  ${name.padEnd(10)} ${about}`)
  process.exit(1)
}
if (spawnSync('wrk', ['--version']).error) {
  console.error('The benchmarks need wrk, the load generator. Install it (Debian: apt-get install wrk).')
  process.exit(1)
}

const machine = describeMachine()
console.error(machine)
for (const benchmark of chosen) {
  const report = await benchmark.run({
    rounds: Number(values.rounds ?? (values.quick ? 1 : 5)),
    seconds: Number(values.seconds ?? (values.quick ? 1 : 4)),
    quick: values.quick,
    say: what => console.error(`${benchmark.name}: ${what}`),
  })
  print(report)
  if (values.write) write(report)
}

function print({ benchmark, results, notes }: Report) {
  if (values.json) {
    console.log(JSON.stringify({ benchmark, machine, results }))
    return
  }
  console.log(`\n${benchmark}`)
  console.table(results.map(({ spread, more, ...result }) => ({ ...result, spread: spread.join('-'), ...more })))
  for (const note of notes ?? []) console.log(note)
}

function write({ plots = [] }: Report) {
  const folder = fileURLToPath(new URL('../docs/images/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  for (const plot of plots) writeFileSync(`${folder}bench-${plot.name}.svg`, drawPlot(plot))
}
