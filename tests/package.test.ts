import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { npm, packed } from './support/packed.ts'
import { REPOSITORY, temporaryFolder } from './support/sandbox-process.ts'

describe('the published package', { timeout: 300_000 }, () => {
  const folder = temporaryFolder()
  const project = join(folder.path, 'project')
  const run = (args: string[]) => spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' })

  beforeAll(async () => {
    const { tenantry } = await packed()
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', type: 'module', private: true }))
    npm(['install', '--prefer-offline', '--ignore-scripts', tenantry], project)
  })
  afterAll(() => folder.remove())

  it('the published package runs its command as an installed program', async () => {
    const bin = join(project, 'node_modules/tenantry/bin/tenantry.cjs')
    const child = spawn(process.execPath, [bin, 'dev', '--json', '--port', '0', '--data', join(folder.path, 'data')])
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve)
      child.stderr.on('data', error => reject(new Error(String(error))))
    })
    const { origin, access_token } = JSON.parse(line)
    const answer = await fetch(`${origin}/users/me`, { headers: { Authorization: `Bearer ${access_token}` } })
    expect((await answer.json()) as unknown).toMatchObject({ data: { id: 777, company_id: 1 } })
    expect((await fetch(`${origin}/sign-in`)).status).toBe(200)
    child.kill()
    expect(await new Promise(resolve => child.on('close', resolve))).toBe(0)
  })

  it('the published package is imported as a library', () => {
    writeFileSync(
      join(project, 'library.js'),
      `import { createTenantry, createCompany } from 'tenantry'
       const tenantry = createTenantry({ store: { path: 'x.db' }, secrets: ['x'.repeat(32)], origin: 'https://id.example' })
       await tenantry.ready
       await createCompany(tenantry.runtime, { name: 'One', domain: 'one' })
       const answer = await tenantry.fetch(new Request('https://id.example/readyz'))
       console.log(answer.status)
       await tenantry.close()`,
    )
    expect(run(['library.js'])).toMatchObject({ stdout: '200\n', stderr: '', status: 0 })
  })

  it('the published package has types that a strict project can use', () => {
    writeFileSync(
      join(project, 'typed.ts'),
      `import { createTenantry, type Tenantry, type TenantryOptions } from 'tenantry'
       const options: TenantryOptions = { store: { path: ':memory:' }, secrets: ['x'], origin: 'https://id.example' }
       export const tenantry: Tenantry = createTenantry(options)
       export const answer: Promise<Response> = tenantry.fetch(new Request('https://id.example/'))
       // @ts-expect-error: an option that does not exist
       createTenantry({ ...options, nonsense: true })`,
    )
    const compiler = join(REPOSITORY, 'node_modules/typescript/bin/tsc')
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck', 'false']
    const types = ['--types', 'node', '--typeRoots', join(REPOSITORY, 'node_modules/@types')]
    const { stdout, status } = run([compiler, ...flags, ...types, 'typed.ts'])
    expect({ stdout: stdout.split('\n').filter(line => /tenantry|typed\.ts/.test(line)), status }).toMatchObject({
      stdout: [],
    })
  })

  it('the published package holds what it needs and nothing else', () => {
    const [{ files }] = JSON.parse(
      npm(['pack', '--workspace', 'tenantry', '--dry-run', '--json', '--ignore-scripts'], REPOSITORY),
    )
    const paths = (files as { path: string }[]).map(({ path }) => path)
    expect(paths).toContain('README.md')
    expect(paths).toContain('LICENSE')
    expect(
      paths.filter(
        path =>
          !/^(bin\/|dist\/.*\.(js|d\.ts|json)$|dist\/admin-api\/swagger-ui\/|package\.json$|README\.md$|LICENSE$)/.test(
            path,
          ),
      ),
    ).toEqual([])
    expect(paths.filter(path => path.includes('.test.'))).toEqual([])
  })
})
