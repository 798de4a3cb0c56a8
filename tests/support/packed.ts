import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from './sandbox-process.ts'

/** The folder of one test run, made by the set-up. */
export const RUN_FOLDER = 'TENANTRY_TEST_RUN'

export interface Packed {
  tenantry: string
  connect: string
  resource: string
}

/** npm itself, run by the Node that runs the tests. */
export function npm(args: string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`)
  return stdout
}

/** The packages as they would be published. Packed once in a run: packing builds, and test files run at once. */
export async function packed(): Promise<Packed> {
  const folder = join(process.env[RUN_FOLDER]!, 'packed')
  const outcome = join(folder, 'outcome')
  if (claim(folder)) {
    writeFileSync(`${outcome}.partial`, pack(folder))
    renameSync(`${outcome}.partial`, outcome)
  }
  for (const deadline = Date.now() + 110_000; !existsSync(outcome); ) {
    if (Date.now() > deadline) throw new Error('Another test file did not pack the packages.')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  const failure = readFileSync(outcome, 'utf8')
  if (failure !== '') throw new Error(failure)
  return {
    tenantry: join(folder, `tenantry-${versionOf('server')}.tgz`),
    connect: join(folder, `tenantry-connect-${versionOf('connect')}.tgz`),
    resource: join(folder, `tenantry-resource-${versionOf('resource')}.tgz`),
  }
}

/** @returns why it failed, for everyone who waits; empty when it did not */
function pack(folder: string): string {
  try {
    // The kit is compiled against the types of the provider.
    for (const name of ['tenantry', '@tenantry/connect', '@tenantry/resource']) {
      npm(['pack', '--workspace', name, '--pack-destination', folder], REPOSITORY)
    }
    return ''
  } catch (error) {
    return (error as Error).message
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
