import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

/** Each failure that docs/operations/failures.md names, as a test that makes it happen. */
const FAILURES = [
  'packages/server/src/cli/log-destination.test.ts',
  'packages/server/src/apps/callback-sender.test.ts',
  'packages/server/src/outbound/send.test.ts',
  'tests/clocks.test.ts',
  'tests/lost-commit.test.ts',
  'tests/upgrades.test.ts',
  'tests/postgres-administration.test.ts',
  'tests/failing-postgres.test.ts',
  'tests/failing-disk.test.ts',
  'tests/small-disk.test.ts',
]
const USAGE = `npm run chaos -- [--seconds 120] [--rounds 20]

Three nodes under load, with kills, restarts, columns that come and go, and apps that hang and drip; then every other failure, in rounds.`

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    rounds: { type: 'string', default: '20' },
    help: { type: 'boolean' },
  },
})
if (values.help) console.log(USAGE)
else process.exitCode = run(Number(values.seconds), Number(values.rounds))

function run(seconds: number, rounds: number): number {
  const failed: string[] = []
  if (!vitest(['tests/nodes', '--project', 'tests'], { TENANTRY_TEST_CHAOS_SECONDS: String(seconds) })) {
    failed.push('three nodes under load')
  }
  for (let round = 1; round <= rounds; round++) {
    const isGreen = vitest(FAILURES, {})
    console.log(`round ${round} of ${rounds}: ${isGreen ? 'green' : 'RED'}`)
    if (!isGreen) failed.push(`round ${round}`)
  }
  console.log(failed.length === 0 ? `All ${rounds} rounds are green.` : `Red: ${failed.join(', ')}.`)
  return failed.length === 0 ? 0 : 1
}

function vitest(args: string[], environment: Record<string, string>): boolean {
  const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  })
  return status === 0
}
