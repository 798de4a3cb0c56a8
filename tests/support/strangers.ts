import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from './sandbox-process.ts'

/** What the kit meets in tests and is too large for everyone's node_modules: Next.js, Prisma, Bun, Deno, TypeDoc. */
export const STRANGERS = join(REPOSITORY, 'tests/strangers')

const installed = join(STRANGERS, 'node_modules/.installed')

/** Whether they are there, as the list says now. */
export function haveStrangers(): boolean {
  return existsSync(installed) && readFileSync(installed, 'utf8') === listHash()
}

/** In CI they are installed; elsewhere `npm run strangers` does it, and until then their tests are skipped. */
export function ensureStrangers(): void {
  if (haveStrangers()) return
  if (process.env.CI) installStrangers()
  else
    console.warn(
      'Next.js, Prisma, Bun, Deno and TypeDoc are not installed: their tests are skipped. `npm run strangers` installs them.',
    )
}

/** @throws where npm cannot */
export function installStrangers(): void {
  console.log('Installing Next.js, Prisma, Bun, Deno and TypeDoc for the tests …')
  // No lock file: npm leaves other platforms' packages out of one that it makes here. The list is exact.
  const args = ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel', 'error']
  const { status, stderr } = spawnSync('npm', args, {
    cwd: STRANGERS,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`npm install in tests/strangers ended with ${status}: ${stderr}`)
  writeFileSync(installed, listHash())
}

function listHash(): string {
  return createHash('sha256')
    .update(readFileSync(join(STRANGERS, 'package.json')))
    .digest('hex')
}
