import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathOf } from './targets/start.ts'

/**
 * Clones this repository at a commit, with the packages that it had.
 * @returns the file of its program
 */
export function checkOut(commit: string, folder: string): string {
  const other = join(folder, 'other')
  run('git', ['clone', '--quiet', '--no-checkout', pathOf('../..'), other])
  run('git', ['-C', other, 'checkout', '--quiet', '--detach', commit])
  run('npm', ['--prefix', other, 'ci', '--no-audit', '--no-fund', '--ignore-scripts'])
  return join(other, 'packages/server/src/cli/main.ts')
}

function run(command: string, args: string[]) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
}
