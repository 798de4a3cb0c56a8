import { renameSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand, startCommand, startSandbox, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'

const SECRETS = 'a secret that is long enough for everybody'

describe('tenantry serve', () => {
  let folder: ReturnType<typeof temporaryFolder>

  beforeEach(() => {
    folder = temporaryFolder()
  })
  afterEach(() => folder.remove())

  /** Starts a server and reads its log. */
  async function start(environment: Record<string, string> = {}, args: string[] = []) {
    const child = startCommand(['serve', ...args], {
      TENANTRY_ORIGIN: 'https://id.example',
      TENANTRY_SECRETS: SECRETS,
      TENANTRY_DATA: folder.path,
      TENANTRY_PORT: '0',
      ...environment,
    })
    const lines: Record<string, unknown>[] = []
    createInterface({ input: child.stdout! }).on('line', line => lines.push(JSON.parse(line)))
    let errors = ''
    child.stderr?.on('data', chunk => {
      errors += chunk
    })
    const ended = new Promise<number | null>(resolve => child.on('close', resolve))
    await Promise.race([
      expect.poll(() => lines.map(({ msg }) => msg)).toContain('ready'),
      ended.then(() => {
        throw new Error(errors)
      }),
    ])
    const port = lines.find(({ msg }) => msg === 'ready')?.port as number
    return { child, lines, port, ended, at: `http://127.0.0.1:${port}` }
  }

  it('tenantry serve serves with a file, variables and flags, the later ones weighing more', async () => {
    await runCommand(['migrate', '--data', folder.path])
    const config = join(folder.path, 'config.json')
    writeFileSync(
      config,
      JSON.stringify({
        origin: 'https://file.example',
        accessTokenLifetime: 60,
        scopes: { 'deals:read': { en: 'Read deals' } },
      }),
    )
    const { at, child, ended, lines } = await start({ TENANTRY_CONFIG: config })
    const metadata = (await (await fetch(`${at}/.well-known/oauth-authorization-server`)).json()) as Record<
      string,
      unknown
    >
    expect(metadata).toMatchObject({
      issuer: 'https://id.example',
      scopes_supported: [
        ...['base', 'users:read', 'openid', 'profile', 'email', 'phone', 'offline_access'],
        'deals:read',
      ],
    })
    expect((await fetch(`${at}/healthz`)).status).toBe(200)
    expect((await (await fetch(`${at}/readyz`)).json()) as unknown).toEqual({ status: 'ready' })
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(lines.at(-1)).toMatchObject({ msg: 'closed' })
  })

  it('tenantry serve takes secrets from a file, and ignores what Kubernetes sets for a service, with one warning', async () => {
    await runCommand(['migrate', '--data', folder.path])
    const secrets = join(folder.path, 'secrets')
    writeFileSync(secrets, `\ufeff${SECRETS}\r\n${'an earlier secret that is long enough'}\n`)
    const { child, ended, lines } = await start(
      {
        TENANTRY_SECRETS: undefined as never,
        TENANTRY_SECRETS_FILE: secrets,
        TENANTRY_SERVICE_HOST: '10.0.0.1',
        TENANTRY_SERVICE_PORT: '4040',
        TENANTRY_SERVICE_PORT_HTTP: '4040',
        TENANTRY_PORT: 'tcp://10.0.0.1:4040',
        TENANTRY_PORT_4040_TCP: 'tcp://10.0.0.1:4040',
        TENANTRY_PORT_4040_TCP_ADDR: '10.0.0.1',
        TENANTRY_DB_SERVICE_PORT_HTTP: '5432',
        TENANTRY_DB_PORT: 'tcp://10.0.0.2:5432',
      },
      ['--port', '0'],
    )
    const warnings = lines.filter(({ msg }) => String(msg).includes('Kubernetes'))
    expect(warnings).toHaveLength(1)
    expect(warnings[0]?.variables).toHaveLength(8)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('tenantry serve lists misspelled variables, and a file that it cannot read', async () => {
    const { code, stderr } = await runCommand(['serve'], {
      environment: {
        TENANTRY_ORIGN: 'https://id.example',
        TENANTRY_SECRETS_FILE: '/nonexistent/secrets',
        TENANTRY_SERVICE_HOST: '10.0.0.1',
      },
    })
    expect(code).toBe(1)
    expect(stderr).toContain('TENANTRY_ORIGN: there is no such variable')
    expect(stderr).toContain('TENANTRY_SECRETS_FILE: the file /nonexistent/secrets cannot be read (ENOENT)')
    expect(stderr).not.toContain('TENANTRY_SERVICE_HOST')
  })

  it('tenantry serve ends when its database file is replaced, so that a supervisor starts it again', async () => {
    await runCommand(['migrate', '--data', folder.path])
    const { ended, lines, at } = await start()
    expect((await fetch(`${at}/readyz`)).status).toBe(200)
    renameSync(join(folder.path, 'tenantry.db'), join(folder.path, 'old.db'))
    await runCommand(['migrate', '--data', folder.path])
    expect(await ended).toBe(1)
    expect(lines.length).toBeGreaterThan(0)
  })

  it('tenantry serve refuses to start and lists every mistake', async () => {
    const environment = {
      TENANTRY_ORIGIN: 'http://id.example',
      TENANTRY_SECRETS: 'short',
      TENANTRY_PORT: 'many',
      TENANTRY_ORIGN: 'a typing mistake',
    }
    const { code, stdout, stderr } = await runCommand(['serve'], { environment })
    expect([code, stdout]).toEqual([1, ''])
    for (const mistake of [
      /origin: must use https in production/,
      /secrets\.0: needs at least 32 characters/,
      /port: /,
      /TENANTRY_ORIGN: there is no such variable/,
      /data: not set/,
    ]) {
      expect(stderr).toMatch(mistake)
    }
    expect(stderr).not.toContain('    at ')
  })

  it('tenantry serve refuses to start with nothing configured', async () => {
    const { code, stderr } = await runCommand(['serve'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/origin: not set.*\n.*data: not set.*\n.*secrets: not set/)
  })

  it('[OA-43] tenantry serve refuses a sandbox’s database, and has none of its pages', async () => {
    const sandbox = await startSandbox(['--data', folder.path])
    await sandbox.stop()
    const environment = { TENANTRY_ORIGIN: 'https://id.example', TENANTRY_SECRETS: SECRETS, TENANTRY_DATA: folder.path }
    const refused = await runCommand(['serve', '--port', '0'], { environment })
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('is a sandbox')])

    const own = join(folder.path, 'own')
    await runCommand(['migrate', '--data', own])
    const { at, child, ended } = await start({ TENANTRY_DATA: own })
    expect((await fetch(`${at}/sandbox/install`)).status).toBe(404)
    expect((await fetch(`${at}/callback`)).status).toBe(404)
    expect((await fetch(`${at}/`, { redirect: 'manual' })).headers.get('Location')).toBe('/connected-apps')
    child.kill('SIGTERM')
    await ended
    for (const flag of ['--json', '--seed', '--sandbox']) {
      expect((await runCommand(['serve', flag], { environment })).stderr).toContain('unknown option')
    }
  })

  it('[OA-43] local callbacks cannot be switched on', async () => {
    const config = join(folder.path, 'config.json')
    writeFileSync(config, JSON.stringify({ localCallbacks: true }))
    const { code, stderr } = await runCommand(['serve', '--config', config])
    expect([code, stderr]).toEqual([1, expect.stringContaining('localCallbacks: exists in `tenantry dev` only')])
  })

  it('tenantry serve says that the database is missing or needs migration', async () => {
    const environment = { TENANTRY_ORIGIN: 'https://id.example', TENANTRY_SECRETS: SECRETS, TENANTRY_DATA: folder.path }
    const none = await runCommand(['serve', '--port', '0'], { environment })
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('Create it with `tenantry migrate')])
    writeFileSync(join(folder.path, 'tenantry.db'), '')
    const older = await runCommand(['serve', '--port', '0'], { environment })
    expect([older.code, older.stderr]).toEqual([1, expect.stringContaining('Run `tenantry migrate` first')])
  })

  it('tenantry serve allows http on this machine in development', async () => {
    await runCommand(['migrate', '--data', folder.path])
    const { child, ended } = await start({ TENANTRY_MODE: 'development', TENANTRY_ORIGIN: 'http://localhost:5000' })
    child.kill('SIGTERM')
    await ended
  })

  it('tenantry serve finishes what was begun when it is told to stop, and takes nothing new', async () => {
    await runCommand(['migrate', '--data', folder.path])
    const { child, ended, port } = await start()
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', chunk => {
      answer += chunk
    })
    await new Promise(resolve => socket.once('connect', resolve))
    socket.write(
      'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\n',
    )
    await new Promise(resolve => setTimeout(resolve, 200))
    child.kill('SIGTERM')
    await new Promise(resolve => setTimeout(resolve, 300))
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow()
    socket.write('grant_type')
    expect(await ended).toBe(0)
    expect(answer).toMatch(/^HTTP\/1\.1 401 /)
  })

  it('tenantry serve limits headers and bodies', async () => {
    await runCommand(['migrate', '--data', folder.path])
    const { child, ended, at } = await start()
    const large = await fetch(`${at}/healthz`, { headers: { 'X-Large': 'x'.repeat(20_000) } })
    expect(large.status).toBe(431)
    const body = new URLSearchParams({ code: 'x'.repeat(70_000) }).toString()
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const token = await fetch(`${at}/oauth/token`, { method: 'POST', headers, body })
    expect([token.status, ((await token.json()) as { error: string }).error]).toEqual([413, 'invalid_request'])
    // One that does not say its length is counted.
    for (const [length, status, error] of [
      [70_000, 413, 'invalid_request'],
      [100, 401, 'invalid_client'],
    ] as const) {
      const pieces = new Blob([`grant_type=refresh_token&client_id=unknown&code=${'x'.repeat(length)}`]).stream()
      const posted = { method: 'POST', headers, body: pieces, duplex: 'half' } as RequestInit
      const counted = await fetch(`${at}/oauth/token`, posted)
      expect([counted.status, ((await counted.json()) as { error: string }).error]).toEqual([status, error])
    }
    const page = await fetch(`${at}/sign-in`, { method: 'POST', headers, body })
    expect([page.status, page.headers.get('Content-Type')]).toEqual([413, 'text/html; charset=UTF-8'])
    child.kill('SIGTERM')
    await ended
  })
})
