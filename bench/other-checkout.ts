import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathOf } from './targets/start.ts'
import type { makeStore } from './targets/tenantry.ts'

/** Another commit of this repository, with the packages that it had. */
export interface OtherCheckout {
  /** The file of its program. */
  main: string
  /** Its own way to fill a database. */
  makeStore(): Promise<typeof makeStore>
}

/** Clones this repository at a commit. */
export function checkOut(commit: string, folder: string): OtherCheckout {
  const other = join(folder, 'other')
  run('git', ['clone', '--quiet', '--no-checkout', pathOf('../..'), other])
  run('git', ['-C', other, 'checkout', '--quiet', '--detach', commit])
  run('npm', ['--prefix', other, 'ci', '--no-audit', '--no-fund', '--ignore-scripts'])
  return {
    main: join(other, 'packages/server/src/cli/main.ts'),
    async makeStore() {
      const folder = join(other, 'bench')
      // The folder had another name before.
      const path = readdirSync(folder, { encoding: 'utf8', recursive: true }).find(each => /\/tenantry\.ts$/.test(each))
      return (await import(join(folder, String(path)))).makeStore
    },
  }
}

function run(command: string, args: string[]) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
}
