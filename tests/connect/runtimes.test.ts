import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Person, uninstallRequest } from '@tenantry/connect/testing'
import { EdgeRuntime, runServer } from 'edge-runtime'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { packed } from '../support/packed.ts'
import { REPOSITORY } from '../support/sandbox-process.ts'
import { serveTestProvider } from '../support/served-provider.ts'
import { haveThirdParty, THIRD_PARTY } from '../support/third-party.ts'

const HOUR = 3_600_000

interface AppOptions {
  origin: string
  port: number
  issuer: string
  clientId: string
  clientSecret: string
  now: number
  store: string
}

type Start = (options: AppOptions) => Promise<() => Promise<unknown>>

/** The kit as it is published, in folders beside which Next.js and the like are found. */
describe('the published kit', () => {
  let project: string

  beforeAll(async () => {
    const { connect } = await packed()
    mkdirSync(join(THIRD_PARTY, 'node_modules'), { recursive: true })
    project = mkdtempSync(join(THIRD_PARTY, 'project-'))
    const home = join(project, 'node_modules/@tenantry/connect')
    mkdirSync(home, { recursive: true })
    const { status } = spawnSync('tar', ['-xzf', connect, '-C', home, '--strip-components', '1'])
    expect(status).toBe(0)
    cpSync(join(REPOSITORY, 'tests/connect/apps'), project, { recursive: true })
  }, 120_000)
  afterAll(() => rmSync(project, { recursive: true, force: true }))

  const startProcess =
    (command: (options: AppOptions) => string[], cwd = '', ready = /ready/i): Start =>
    async options => {
      const [program = '', ...args] = command(options)
      const env = { ...process.env, OPTIONS: JSON.stringify(options), NODE_ENV: undefined, CI: '1' }
      const child = spawn(program, args, { cwd: join(project, cwd), env })
      await untilReady(child, ready)
      return async () => {
        child.kill()
        await once(child, 'exit')
      }
    }

  const startEdge: Start = async options => {
    // Nothing of Node's may be left in it: the bundler would not find it.
    const { outputFiles } = await build({
      stdin: {
        contents: `import { createApp } from './server.js'
          const answer = createApp(${JSON.stringify(options)})
          addEventListener('fetch', event => event.respondWith(answer(event.request)))`,
        resolveDir: project,
      },
      bundle: true,
      write: false,
      format: 'iife',
      platform: 'neutral',
      mainFields: ['module', 'main'],
    })
    const runtime = new EdgeRuntime({ initialCode: outputFiles[0]!.text })
    const server = await runServer({ runtime, port: options.port, host: '127.0.0.1' })
    return server.close
  }

  const bin = (name: string) => join(THIRD_PARTY, 'node_modules', name)
  const startNext: Start = options => {
    const next = [process.execPath, bin('next/dist/bin/next')]
    const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: undefined }
    const [program = '', ...args] = [...next, 'build']
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: join(project, 'next'), env, encoding: 'utf8' })
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' })
    return startProcess(() => [...next, 'start', '-p', String(options.port), '-H', '127.0.0.1'], 'next')(options)
  }

  const runtimes: [string, boolean, Start][] = [
    ['Node', true, startProcess(() => [process.execPath, 'node.js'])],
    ['an edge runtime', true, startEdge],
    [
      'Bun',
      haveThirdParty(),
      startProcess(() => [
        bin(`@oven/bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : 'x64'}/bin/bun`),
        'bun.js',
      ]),
    ],
    [
      'Deno',
      haveThirdParty(),
      startProcess(() => [
        bin(`@deno/${process.platform}-${process.arch}${process.platform === 'linux' ? '-glibc' : ''}/deno`),
        'run',
        '--allow-net',
        '--allow-env',
        '--allow-read',
        '--node-modules-dir=manual',
        'deno.js',
      ]),
    ],
    ['Next.js', haveThirdParty(), startNext],
  ]

  for (const [name, isThere, start] of runtimes) {
    it.runIf(isThere)(`installs, refreshes and hears the uninstall on ${name}`, { timeout: 180_000 }, async () => {
      const port = await freePort()
      const origin = `http://localhost:${port}`
      const callback = `${origin}/connect/callback`
      const provider = await serveTestProvider({ redirectUri: callback })
      const { clientId, clientSecret } = provider.options
      const store = join(project, `${port}.db`)
      const now = provider.now()
      const close = await start({ origin, port, clientId, clientSecret, now, store, issuer: provider.origin })
      try {
        const bond = new Person((input, init) => fetch(input, init), 'shaken-not-stirred')
        const walked = await bond.walk(`${origin}/connect/start`, callback, {
          email: 'james.bond@mi6.example',
          company: 2,
        })
        const answer = await bond.request(walked)
        const page = await bond.request(new URL(answer.headers.get('Location')!, callback))
        expect({ status: page.status, language: page.headers.get('Content-Language') }).toEqual({
          status: 200,
          language: 'en',
        })
        provider.pass(HOUR)
        const before = provider.tokenRequests()
        const me = await (await fetch(`${origin}/me`)).json()
        expect(me).toMatchObject({
          status: 200,
          body: { data: { id: 777, company_id: 2 } },
          account: 'account-1',
          link: 'active',
        })
        expect(provider.tokenRequests() - before).toBe(1)
        const gone = uninstallRequest(callback, clientId, clientSecret, { companyId: 2, userId: 777 }, now + 2 * HOUR)
        expect((await fetch(gone)).status).toBe(200)
        expect((await fetch(`${origin}/me`)).status).toBe(500)
        expect(await (await fetch(origin)).text()).toContain('its own page')
      } finally {
        await close()
        await provider.close()
      }
    })
  }
})

async function untilReady(child: ChildProcess, ready: RegExp): Promise<void> {
  let output = ''
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', line => {
      output += `${line}\n`
      if (ready.test(line)) resolve()
    })
    child.stderr?.on('data', chunk => {
      output += chunk
    })
    child.once('exit', code => reject(new Error(`it ended with ${code}: ${output}`)))
  })
}
