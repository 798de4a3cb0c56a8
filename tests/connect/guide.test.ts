import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { Person } from '@tenantry/connect/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeAfter } from '../support/fenced-blocks.ts'
import { freePort } from '../support/free-port.ts'
import { npm, packed } from '../support/packed.ts'
import { REPOSITORY, type SandboxFacts, temporaryFolder } from '../support/sandbox-process.ts'

const GUIDE = 'docs/connect/README.md'

describe('the guide, in an empty folder with the packages as they are published', { timeout: 300_000 }, () => {
  const folder = temporaryFolder()
  const project = join(folder.path, 'project')
  const run = (args: string[]) => spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' })
  const children: ReturnType<typeof spawn>[] = []

  beforeAll(async () => {
    const tarballs = await packed()
    mkdirSync(project)
    // The lines of the guide, with the packages of this checkout instead of the registry's.
    const lines = codeAfter(GUIDE, 'You need Node 24 or newer.').trim().split('\n')
    expect(lines[3]).toBe('npx tenantry dev')
    for (const line of lines.slice(0, 3)) {
      const [command, ...args] = line.split(' ')
      expect(command).toBe('npm')
      const from = args.map(arg =>
        arg === '@tenantry/connect' ? tarballs.connect : arg === 'tenantry' ? tarballs.tenantry : arg,
      )
      npm(args[0] === 'install' ? [...from, '--prefer-offline', '--ignore-scripts'] : from, project)
    }
  }, 300_000)
  afterAll(async () => {
    for (const child of children) {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    folder.remove()
  })

  function start(args: string[], environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, args, { cwd: project, env: { ...process.env, ...environment } })
    children.push(child)
    const lines: string[] = []
    createInterface({ input: child.stdout }).on('line', line => lines.push(line))
    createInterface({ input: child.stderr }).on('line', line => lines.push(line))
    return lines
  }

  it('the guide’s app runs as written: install, a page in the person’s language, another company', async () => {
    const [sandboxPort, appPort] = [await freePort(), await freePort()]
    const bin = join(project, 'node_modules/tenantry/bin/tenantry.cjs')
    const sandbox = start([bin, 'dev', '--json', '--port', String(sandboxPort)])
    await expect.poll(() => sandbox.length).toBe(1)
    const facts = JSON.parse(sandbox[0]!) as SandboxFacts
    const key = run([join(project, 'node_modules/@tenantry/connect/bin/tenantry-connect.js'), 'key']).stdout.trim()

    const code = codeAfter(GUIDE, 'This is a whole app')
    expect(code.trim().split('\n').length).toBeLessThan(25)
    writeFileSync(
      join(project, 'app.js'),
      code.replaceAll('4040', String(sandboxPort)).replaceAll('3000', String(appPort)),
    )
    const app = start(['app.js'], { CLIENT_ID: facts.client_id, CLIENT_SECRET: facts.client_secret, CONNECT_KEY: key })
    const origin = `http://localhost:${appPort}`
    await expect
      .poll(() =>
        fetch(`${origin}/`).then(
          answer => answer.status,
          () => 0,
        ),
      )
      .toBe(404)

    const bond = new Person((input, init) => fetch(input, init), facts.password)
    for (const company of [2, 1]) {
      const choice = { email: 'james.bond@mi6.example', company }
      const answer = await bond.request(await bond.walk(`${origin}/start`, `${origin}/callback`, choice))
      const page = await bond.request(new URL(answer.headers.get('Location')!, origin))
      expect([page.status, page.headers.get('Content-Language')]).toEqual([200, 'en'])
    }
    await expect
      .poll(() => app)
      .toEqual([
        'James Bond at Universal Exports (en): account of tenantry:2:777',
        'James Bond at MI6 (en): account of tenantry:1:777',
      ])
  })

  it('the guide’s test passes as written', () => {
    writeFileSync(join(project, 'app.test.js'), codeAfter(GUIDE, 'This is `app.test.js`'))
    const { status, stdout, stderr } = run(['--test', 'app.test.js'])
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' })
    expect(stdout).toMatch(/pass 1\b/)
  })

  it('the kit can be required from CommonJS', () => {
    writeFileSync(
      join(project, 'common.cjs'),
      `const { createConnect, memoryStore, tenantry, useAccount } = require('@tenantry/connect')
       const { expressConnect } = require('@tenantry/connect/express')
       const connect = createConnect({
         provider: tenantry({ issuer: 'http://localhost:4040' }),
         clientId: 'id', clientSecret: 'secret', redirectUri: 'http://localhost:3000/connect/callback',
         store: memoryStore(), encryptionKeys: ['x'.repeat(32)], onInstall: () => useAccount('x'),
       })
       console.log(connect.startPath, typeof expressConnect(connect))`,
    )
    expect(run(['common.cjs'])).toMatchObject({ stdout: '/connect/start function\n', status: 0 })
  })

  it('the kit’s types compile in a strict project', () => {
    writeFileSync(
      join(project, 'typed.ts'),
      `import { type Connect, createAccount, createConnect, type Identity, type Link, memoryStore, pipedrive, useAccount } from '@tenantry/connect'
       import { expressConnect } from '@tenantry/connect/express'
       import { nextConnect } from '@tenantry/connect/next'
       import { sqliteStore } from '@tenantry/connect/sqlite'
       import { conformanceChecks } from '@tenantry/connect/store-conformance'
       import { startTestProvider } from '@tenantry/connect/testing'
       const connect: Connect = createConnect({
         provider: pipedrive(),
         clientId: 'id',
         clientSecret: 'secret',
         redirectUri: 'https://app.example/callback',
         store: memoryStore(),
         encryptionKeys: ['x'.repeat(32)],
         onInstall: ({ link, identity }) => (link ? useAccount(link.accountId) : createAccount(() => identity.key)),
         onLinked({ accountId }) {
           if (accountId === '') throw new Error('none')
         },
         onUninstall: (link: Link) => void link.identity.companyName,
       })
       export const { GET, DELETE } = nextConnect(connect)
       export const middleware = expressConnect(connect)
       export const identities: Promise<Identity[]> = connect.links.ofAccount('x').then(links => links.map(link => link.identity))
       export const others = [sqliteStore, conformanceChecks, startTestProvider]
       // @ts-expect-error: no function takes an e-mail to find a link
       connect.links.find({ email: 'james.bond@mi6.example' })
       // @ts-expect-error: an option that does not exist
       createConnect({ linkByEmail: true })`,
    )
    const compiler = join(REPOSITORY, 'node_modules/typescript/bin/tsc')
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck']
    const types = ['--types', 'node', '--typeRoots', join(REPOSITORY, 'node_modules/@types')]
    // With the DOM library, and on a server without it.
    for (const lib of ['es2024,dom,dom.iterable', 'es2024']) {
      const result = run([compiler, ...flags, '--lib', lib, ...types, 'typed.ts'])
      expect({ lib, ...result }).toMatchObject({ stdout: '', status: 0 })
    }
  })

  it('the kit’s package holds what it needs and nothing else', () => {
    const home = join(project, 'node_modules/@tenantry/connect')
    const files = readdirSync(home, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && !entry.parentPath.slice(home.length).includes('node_modules'))
      .map(entry => relative(home, join(entry.parentPath, entry.name)))
    expect(files).toContain('README.md')
    expect(files).toContain('LICENSE')
    expect(
      files.filter(path => !/^(bin\/|dist\/.*\.(js|d\.ts)$|package\.json$|README\.md$|LICENSE$)/.test(path)),
    ).toEqual([])
    expect(files.filter(path => path.includes('.test.'))).toEqual([])
  })
})
