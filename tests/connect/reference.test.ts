import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { REPOSITORY, temporaryFolder } from '../support/sandbox-process.ts'
import { haveThirdParty } from '../support/third-party.ts'

const reference = join(REPOSITORY, 'docs/connect/reference')

describe('the reference of the kit', () => {
  it.runIf(haveThirdParty())('the kit’s reference matches its docstrings', { timeout: 120_000 }, () => {
    const folder = temporaryFolder()
    const made = join(folder.path, 'reference')
    const script = join(REPOSITORY, 'scripts/reference.ts')
    const { status, stderr } = spawnSync(process.execPath, [script, made], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const pages = (path: string) =>
      readdirSync(path, { recursive: true, encoding: 'utf8' })
        .filter(name => name.endsWith('.md'))
        .sort()
        .map(name => [name, readFileSync(join(path, name), 'utf8')])
    expect(pages(made), 'run `npm run reference` and commit what it makes').toEqual(pages(reference))
    folder.remove()
  })
})
