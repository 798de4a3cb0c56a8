import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CheckState, renderChecklist } from '../tests/support/oauth-checklist.ts'
import { REPOSITORY, temporaryFolder } from '../tests/support/sandbox-process.ts'

// Runs every test that names a line of the OAuth checklist, and writes docs/security/oauth-checklist.md with the result:
// npm run checklist

const folder = temporaryFolder()
const report = join(folder.path, 'report.json')
const vitest = join(REPOSITORY, 'node_modules/vitest/vitest.mjs')
const args = ['run', '-t', '\\[OA-\\d+\\]', '--reporter', 'json', '--outputFile', report]
spawnSync(process.execPath, [vitest, ...args], { cwd: REPOSITORY, stdio: 'inherit' })

interface Report {
  testResults: { assertionResults: { fullName: string; status: string }[] }[]
}

const states = new Map<string, CheckState>()
for (const { assertionResults } of (JSON.parse(readFileSync(report, 'utf8')) as Report).testResults) {
  for (const { fullName, status } of assertionResults) {
    if (status !== 'passed' && status !== 'failed') continue
    for (const [, id] of fullName.matchAll(/\[(OA-\d+)\]/g)) {
      const state = states.get(id!) ?? { passed: 0, failed: 0 }
      state[status] += 1
      states.set(id!, state)
    }
  }
}
folder.remove()
writeFileSync(join(REPOSITORY, 'docs/security/oauth-checklist.md'), renderChecklist(states))
const failed = [...states].filter(([, state]) => state.failed > 0).map(([id]) => id)
console.log(
  `${states.size} lines have tests${failed.length > 0 ? `; these fail: ${failed.join(', ')}` : ', and all pass'}.`,
)
if (failed.length > 0) process.exitCode = 1
