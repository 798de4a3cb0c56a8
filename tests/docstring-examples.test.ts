import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createAdminKey } from 'tenantry'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { makeExampleWorld } from './support/example-world.ts'
import { makeDatabase, postgresUrl } from './support/postgres.ts'
import { REPOSITORY } from './support/sandbox-process.ts'

const packages = ['server', 'connect', 'admin', 'resource']
/** What an app can import: `tenantry`, `@tenantry/connect`, `@tenantry/connect/express` … */
const entries = packages.flatMap(directory => {
  const { name, exports } = JSON.parse(readFileSync(join(REPOSITORY, 'packages', directory, 'package.json'), 'utf8'))
  return Object.keys(exports)
    .filter(path => !path.endsWith('.json'))
    .map(path => `${name}${path.slice(1)}`)
})
/** Inside tests/, so that the examples are compiled as the tests are. */
const folder = join(REPOSITORY, 'tests/.examples')

const examples = packages.flatMap(name => {
  const source = join(REPOSITORY, 'packages', name, 'src')
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .flatMap(path => readExamples(readFileSync(join(source, path), 'utf8')))
})

function readExamples(text: string): { name: string; code: string }[] {
  const found = text.matchAll(
    / \* @example\n \* ```ts\n([\s\S]*?) \* ```\n(?: \*[^/\n]*\n)* \*\/\n(?:\/\/[^\n]*\n)?export (?:async )?function\*? (\w+)/g,
  )
  return [...found].map(([, lines, name]) => ({ name: name!, code: lines!.replace(/^ \* ?/gm, '') }))
}

function toModule(code: string): string {
  const lines = code.split('\n')
  const imports = lines.filter(line => line.startsWith('import '))
  const body = lines.filter(line => !line.startsWith('import '))
  const names = ['runtime', 'company', 'user', 'newUser', 'app', 'resourceServer', 'notes', 'connect', 'prisma'].filter(
    name => new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`const (\\{ )?${name}\\b`).test(code),
  )
  return `${imports.join('\n')}
import type { ExampleWorld } from '../support/example-world.ts'
export async function run({ ${names.join(', ')} }: ExampleWorld, console: { log(...values: unknown[]): void }) {
${body.join('\n')}
}
`
}

describe('the examples of docstrings', () => {
  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    for (const { name, code } of examples) writeFileSync(join(folder, `${name}.ts`), toModule(code))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(entries)('every function that %s exports has an example', async entry => {
    const functions = Object.entries(await import(entry)).filter(
      ([name, value]) => typeof value === 'function' && /^[a-z]/.test(name),
    )
    expect(functions.map(([name]) => name).filter(name => !examples.some(example => example.name === name))).toEqual([])
  })

  it('the examples of docstrings compile', () => {
    const configuration = {
      extends: '../../tsconfig.json',
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
      include: ['*.ts'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
    const compiler = join(REPOSITORY, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8', cwd: REPOSITORY })
    expect(stdout).toBe('')
  })

  for (const { name, code } of examples) {
    const needsPostgres = code.includes('DATABASE_URL')
    it.skipIf(needsPostgres && !postgresUrl)(`the example of ${name} runs`, async () => {
      if (needsPostgres) {
        const database = await makeDatabase()
        onTestFinished(database.remove)
        vi.stubEnv('DATABASE_URL', database.url)
        onTestFinished(() => void vi.unstubAllEnvs())
      }
      const { provider, world } = await makeExampleWorld()
      onTestFinished(provider.close)
      if (code.includes("'@tenantry/admin'")) {
        // As if the provider of the example were at its address.
        vi.stubGlobal('fetch', (request: Request) => provider.fetch(request))
        const { key } = await createAdminKey(world.runtime, { name: 'of an example', scopes: ['*'] })
        vi.stubEnv('TENANTRY_ADMIN_KEY', key)
        onTestFinished(() => {
          vi.unstubAllGlobals()
          vi.unstubAllEnvs()
        })
      }
      const { run } = await import(pathToFileURL(join(folder, `${name}.ts`)).href)
      const logged: unknown[] = []
      await run(world, { log: (...values: unknown[]) => logged.push(...values) })
      expect(logged).not.toContain(undefined)
    })
  }
})
