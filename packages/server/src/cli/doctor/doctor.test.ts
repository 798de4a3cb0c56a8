import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand, temporaryFolder } from '../../../../../tests/support/sandbox-process.ts'
import { compareClocks } from './database-checks.ts'
import type { Finding } from './finding.ts'

const SECRETS = 'a secret that is long enough for a test'

describe('tenantry doctor', () => {
  let folder: ReturnType<typeof temporaryFolder>

  beforeEach(() => {
    folder = temporaryFolder()
    chmodSync(folder.path, 0o700)
  })
  afterEach(() => folder.remove())

  async function examine(args: string[] = ['--no-network'], more: Record<string, string> = {}) {
    const { code, stdout, stderr } = await runCommand(['doctor', '--json', ...args], {
      environment: {
        TENANTRY_ORIGIN: 'https://id.example',
        TENANTRY_SECRETS: SECRETS,
        TENANTRY_DATA: folder.path,
        TENANTRY_TRUSTED_PROXIES: '1',
        ...more,
      },
    })
    expect(stderr).toBe('')
    const { status, findings } = JSON.parse(stdout) as { status: string; findings: Finding[] }
    return { code, status, findings, bad: findings.filter(finding => finding.status !== 'ok') }
  }

  const migrate = () => runCommand(['migrate', '--data', folder.path])

  it('a server that is well set up has no findings but good ones', async () => {
    await migrate()
    const { code, status, findings, bad } = await examine()
    expect([code, status, bad]).toEqual([0, 'ok', []])
    expect(new Set(findings.map(({ check }) => check))).toEqual(
      new Set(['configuration', 'files', 'disk', 'workers', 'database', 'keys', 'callbacks']),
    )
    const { stdout } = await runCommand(['doctor', '--no-network'], {
      environment: { TENANTRY_ORIGIN: 'https://id.example', TENANTRY_SECRETS: SECRETS, TENANTRY_DATA: folder.path },
    })
    expect(stdout).toMatch(/^ok {7}configuration: /)
    expect(stdout).toMatch(/All is well\.\n$/)
  })

  it('each mistake in the configuration is named, and nothing else is looked at', async () => {
    const { code, bad } = await examine(['--no-network'], {
      TENANTRY_ORIGIN: 'http://id.example',
      TENANTRY_SECRETS: 'short',
    })
    expect(code).toBe(1)
    expect(bad.map(({ check }) => check)).toEqual(['configuration', 'configuration'])
    expect(bad.map(({ message }) => message).join()).toMatch(/secrets.*at least 32.*origin: must use https/)
  })

  it('a database that is not there, or that other secrets belong to, is a problem', async () => {
    expect((await examine()).bad[0]).toMatchObject({
      status: 'problem',
      message: expect.stringContaining('no database'),
    })
    await migrate()
    const other = { TENANTRY_SECRETS: 'another secret that is long enough' }
    const app = [
      '--name',
      'Notes',
      '--redirect-uri',
      'https://n.example/cb',
      '--uninstall-url',
      'https://n.example/gone',
    ]
    await runCommand(['app', 'create', ...app, '--data', folder.path], { environment: { TENANTRY_SECRETS: SECRETS } })
    expect((await examine()).status).toBe('ok')
    const { code, bad } = await examine(['--no-network'], other)
    expect([code, bad[0]]).toMatchObject([1, { check: 'keys', status: 'problem' }])
  })

  it('an app that cannot be told of the end of an installation, and a key that ends soon, are warnings', async () => {
    await migrate()
    const run = (...args: string[]) =>
      runCommand([...args, '--data', folder.path, '--json'], { environment: { TENANTRY_SECRETS: SECRETS } })
    const created = await run('app', 'create', '--name', 'Notes', '--redirect-uri', 'https://notes.example/cb')
    const { client_id } = JSON.parse(created.stdout) as { client_id: string }
    await run('app', 'set', client_id, '--uninstall-url', 'https://notes.example/gone')
    await run('admin-key', 'create', '--name', 'sync', '--scope', 'users:read', '--expires', '3d')
    const { code, status, bad } = await examine()
    expect([code, status]).toEqual([0, 'warning'])
    expect(bad).toMatchObject([
      { check: 'callbacks', advice: expect.stringContaining(`rotate-secret ${client_id}`) },
      { check: 'admin keys', message: expect.stringContaining('sync') },
    ])
  })

  it('secrets that others can read, and more processes than cores, are warnings', async () => {
    await migrate()
    const secrets = join(folder.path, 'secrets')
    writeFileSync(secrets, SECRETS, { mode: 0o644 })
    const { bad } = await examine(['--no-network'], {
      TENANTRY_SECRETS: '',
      TENANTRY_SECRETS_FILE: secrets,
      TENANTRY_WORKERS: '200',
    })
    expect(bad).toMatchObject([
      { check: 'files', advice: `Take the rights of others away: chmod go= ${secrets}` },
      { check: 'workers', message: expect.stringContaining('200 processes') },
    ])
  })

  it('an https origin without a trusted proxy is a warning, and one that nothing answers is a problem', async () => {
    await migrate()
    const { code, bad } = await examine([], {
      TENANTRY_ORIGIN: 'https://localhost:1',
      TENANTRY_TRUSTED_PROXIES: '0',
      TENANTRY_HOST: '0.0.0.0',
    })
    expect(code).toBe(1)
    expect(bad.map(({ check, status }) => [check, status])).toEqual([
      ['proxy', 'warning'],
      ['proxy', 'warning'],
      ['tls', 'problem'],
      ['origin', 'problem'],
    ])
  })

  it.each([
    ['another server', (_: string) => ({ hello: 'world' }), /answered with 200, not by Tenantry/],
    [
      'a server with another origin',
      () => ({ issuer: 'https://other.example' }),
      /calls itself https:\/\/other\.example/,
    ],
    ['itself', (origin: string) => ({ issuer: origin }), undefined],
  ])('the origin is asked who answers there: %s', async (_, answer, expected) => {
    await migrate()
    let origin = ''
    const server = createServer((__, response) => response.end(JSON.stringify(answer(origin)))).listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    origin = `http://localhost:${(server.address() as AddressInfo).port}`
    const { bad } = await examine([], { TENANTRY_ORIGIN: origin, TENANTRY_MODE: 'development' })
    server.closeAllConnections()
    server.close()
    if (expected === undefined) expect(bad).toEqual([])
    else expect(bad).toMatchObject([{ check: 'origin', status: 'problem', message: expect.stringMatching(expected) }])
  })

  it('clocks that differ by more than a few seconds are a problem, with how much and in which direction', () => {
    const now = Date.UTC(2026, 0, 15)
    expect(compareClocks('the database', now - 1900, now).status).toBe('ok')
    expect(compareClocks('the database', now - 90_000, now).message).toContain('90 seconds ahead of')
    expect(compareClocks('the database', now + 5000, now).message).toContain('5 seconds behind')
  })

  it('a sandbox is no database for production', async () => {
    const { startSandbox } = await import('../../../../../tests/support/sandbox-process.ts')
    const sandbox = await startSandbox(['--data', folder.path])
    await sandbox.stop()
    const { bad } = await examine()
    expect(bad[0]).toMatchObject({ check: 'database', status: 'problem', message: expect.stringContaining('sandbox') })
  })
})
