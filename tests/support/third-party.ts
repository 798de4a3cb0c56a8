import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from './sandbox-process.ts'

const NAMES = 'Next.js, Prisma, Bun, Deno, TypeDoc and the conformance suite of MCP'

/** Third-party software that tests run us with, too large for the main node_modules: {@link NAMES}. */
export const THIRD_PARTY = join(REPOSITORY, 'tests/third-party')

const installed = join(THIRD_PARTY, 'node_modules/.installed')

/** Whether they are there, as the list says now. */
export function haveThirdParty(): boolean {
  return existsSync(installed) && readFileSync(installed, 'utf8') === listHash()
}

/** In CI they are installed; elsewhere `npm run third-party` does it, and until then their tests are skipped. */
export function ensureThirdParty(): void {
  if (haveThirdParty()) return
  if (process.env.CI) installThirdParty()
  else console.warn(`${NAMES} are not installed: their tests are skipped. \`npm run third-party\` installs them.`)
}

/** @throws where npm cannot */
export function installThirdParty(): void {
  console.log(`Installing ${NAMES} for the tests …`)
  // No lock file: npm leaves other platforms' packages out of one that it makes here. The list is exact.
  const args = ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel', 'error']
  const { status, stderr } = spawnSync('npm', args, {
    cwd: THIRD_PARTY,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`npm install in tests/third-party ended with ${status}: ${stderr}`)
  writeFileSync(installed, listHash())
}

function listHash(): string {
  return createHash('sha256')
    .update(readFileSync(join(THIRD_PARTY, 'package.json')))
    .digest('hex')
}
