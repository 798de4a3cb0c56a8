import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { postgresStore } from '@tenantry/connect/postgres'
import { sqliteStore } from '@tenantry/connect/sqlite'
import { describe, expect, it } from 'vitest'
import { APP_CALLBACK, AT_MI6, BOND, createTestApp, KEY, startKitProvider } from '../../../../tests/support/kit.ts'
import { makeDatabase, postgresUrl } from '../../../../tests/support/postgres.ts'
import { REPOSITORY, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'

const NEW_KEY = 'a new key that the operator made just now'

async function run(args: string[], environment: Record<string, string> = {}) {
  const bin = join(REPOSITORY, 'packages/connect/bin/tenantry-connect.js')
  const child = spawn(process.execPath, [bin, ...args], { env: { ...process.env, ...environment } })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', chunk => {
    stdout += chunk
  })
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  const code = await new Promise(resolve => child.on('close', resolve))
  return { code, stdout, stderr }
}

describe('tenantry-connect', () => {
  it('tenantry-connect makes a new key each time, long enough', async () => {
    const keys = [await run(['key']), await run(['key'])].map(({ stdout }) => stdout.trim())
    expect(keys[0]).toMatch(/^[\w-]{43}$/)
    expect(keys[0]).not.toBe(keys[1])
  })

  it('rewraps a SQLite file, and the app goes on with the new key alone', async () => {
    const folder = temporaryFolder()
    const path = join(folder.path, 'links.db')
    const provider = await startKitProvider({ redirectUri: APP_CALLBACK })
    const store = sqliteStore(path)
    await provider.install(createTestApp(provider, { store }).connect, { ...BOND, company: 1 })
    const keys = { CONNECT_KEYS: `${NEW_KEY},${KEY}` }
    expect(await run(['rewrap', '--store', path, '--json'], keys)).toEqual({
      code: 0,
      stdout: '{"seen":1,"rewrapped":1,"unreadable":0}\n',
      stderr: '',
    })
    const later = createTestApp(provider, { store, encryptionKeys: [NEW_KEY] })
    expect(await later.connect.accessToken(AT_MI6)).toMatch(/^tny_at_1_/)
    const words = await run(['rewrap', '--store', path], { CONNECT_KEYS: NEW_KEY })
    expect(words.stdout).toBe(
      '1 links: 0 encrypted again, 1 already current, 0 that no key in CONNECT_KEYS decrypts.\n',
    )
    expect((await run(['rewrap', '--store', path], { CONNECT_KEYS: KEY })).code).toBe(1)
    store.close()
    await provider.close()
    folder.remove()
  })

  it.runIf(postgresUrl)('rewraps in PostgreSQL', async () => {
    const database = await makeDatabase()
    const provider = await startKitProvider()
    const store = postgresStore(database.url)
    await store.createTables()
    await provider.install(createTestApp(provider, { store }).connect, { ...BOND, company: 1 })
    const { stdout } = await run(['rewrap', '--store', database.url, '--json'], { CONNECT_KEYS: `${NEW_KEY},${KEY}` })
    expect(JSON.parse(stdout)).toEqual({ seen: 1, rewrapped: 1, unreadable: 0 })
    await store.close()
    await provider.close()
    await database.remove()
  })

  it.each([
    [['rewrap'], {}, /--store/],
    [['rewrap', '--store', '/nowhere/links.db'], { CONNECT_KEYS: KEY }, /There is no file/],
    [['rewrap', '--store', 'x', '--nonsense'], {}, /nonsense/],
    [['rewrap', '--store', 'x'], { CONNECT_KEYS: '' }, /encryptionKeys/],
    [['unwrap'], {}, /There is no command unwrap/],
  ])('%j says what to do', async (args, environment, message) => {
    const { code, stderr } = await run(args, environment as Record<string, string>)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('    at ')
  })
})
