import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from './sandbox-process.ts'

/** The folder of one test run, made by the set-up. */
export const RUN_FOLDER = 'TENANTRY_TEST_RUN'

export interface Packed {
  tenantry: string
  connect: string
}

/** npm itself, run by the Node that runs the tests. */
export function npm(args: string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}

/** The two packages as they would be published. Packed once in a run: packing builds, and test files run at once. */
export async function packed(): Promise<Packed> {
  const folder = join(process.env[RUN_FOLDER]!, 'packed')
  const done = join(folder, 'done')
  if (claim(folder)) {
    // The kit is compiled against the types of the provider.
    for (const name of ['tenantry', '@tenantry/connect']) {
      npm(['pack', '--workspace', name, '--pack-destination', folder], REPOSITORY)
    }
    writeFileSync(done, '')
  }
  for (const deadline = Date.now() + 120_000; !existsSync(done); ) {
    if (Date.now() > deadline) throw new Error('Another test file did not pack the packages.')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return {
    tenantry: join(folder, `tenantry-${versionOf('server')}.tgz`),
    connect: join(folder, `tenantry-connect-${versionOf('connect')}.tgz`),
  }
}

function claim(folder: string): boolean {
  try {
    mkdirSync(folder)
    return true
  } catch {
    return false
  }
}

function versionOf(workspace: string): string {
  return JSON.parse(readFileSync(join(REPOSITORY, 'packages', workspace, 'package.json'), 'utf8')).version
}
