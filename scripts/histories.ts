import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

// `npm run histories -- [number]`: random histories of an app at a company, held against the model in tests/life-cycle.

const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))

const count = process.argv[2] ?? '100000'
if (!/^[1-9]\d{0,8}$/.test(count)) {
  console.error(`${count} is no number of histories.`)
  process.exit(2)
}
const { status } = spawnSync(
  process.execPath,
  [VITEST, 'run', '--project', 'tests', '--testTimeout', '0', 'tests/life-cycle/company-life-cycle.test.ts'],
  { stdio: 'inherit', env: { ...process.env, TENANTRY_TEST_HISTORIES: count } },
)
process.exit(status ?? 1)
