import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import pg from 'pg'
import { pino } from 'pino'
import { setPassword } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { makeTestDatabase, type TestDatabase } from '../../../../tests/support/database.ts'
import { BOND, BOND_EMAIL, MI6, PASSWORD, startProvider } from '../../../../tests/support/provider.ts'

/** All that the database keeps: the bytes of its files, or every row as text, in which bytes are hexadecimal. */
async function keptTexts({ store }: TestDatabase): Promise<string[]> {
  if (!('url' in store)) {
    const folder = dirname(store.path)
    return readdirSync(folder).map(name => readFileSync(join(folder, name), 'latin1'))
  }
  const client = new pg.Client({ connectionString: store.url })
  await client.connect()
  const tables = await client.query<{ name: string }>(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()',
  )
  const texts: string[] = []
  for (const { name } of tables.rows) {
    const { rows } = await client.query<{ text: string }>(`SELECT row_to_json(t)::text AS text FROM ${name} t`)
    texts.push(...rows.map(({ text }) => text))
  }
  await client.end()
  return texts
}

describe('nothing secret', () => {
  it('[OA-30] [OA-36] no secret is on disk or in the log after a whole life of a grant', async () => {
    const database = await makeTestDatabase()
    let log = ''
    const sink = new Writable({
      write(chunk, _encoding, done) {
        log += chunk
        done()
      },
    })
    const provider = await startProvider({
      store: database.store,
      logger: pino({ level: 'trace' }, sink),
    })
    await setPassword(provider.runtime, BOND, PASSWORD)
    const client = await provider.registerApp()
    const hearing = await provider.registerApp({ uninstallUrl: 'http://127.0.0.1:9/gone' })
    const person = provider.person()
    const code = await person.code(client, { company: MI6 }, { state: 'the-app-s-own-secret-state' })
    const tokens = await client.tokens(code)
    const next = await client.refreshed(tokens.refresh_token)
    await client.refreshed(tokens.refresh_token)
    await client.exchange(code)
    await client.me('garbage-with-a-secret-in-it')
    await client.exchange(await person.code(client, { company: MI6 }), { redirect_uri: 'https://other.example' })
    await provider.fetch(`/users/me?access_token=${next.access_token}`)
    const other = await hearing.tokens(await person.code(hearing, { company: MI6 }))
    await hearing.revoke(other.refresh_token)
    await expect.poll(() => log).toContain('uninstall callback failed')

    const secrets = {
      'access token': tokens.access_token,
      'refresh token': tokens.refresh_token,
      'derived access token': next.access_token,
      'derived refresh token': next.refresh_token,
      'their secret part': next.refresh_token.slice(9, 57),
      code,
      'client secret': client.secret!,
      'kept client secret': hearing.secret!,
      password: PASSWORD,
      'session id': person.cookies.get('tenantry_session')!,
    }
    const disk = await keptTexts(database)
    expect(disk.join('')).toContain(BOND_EMAIL)
    for (const [what, secret] of Object.entries(secrets)) {
      const binary = /^[0-9a-f]{48}$/.test(secret) ? Buffer.from(secret, 'hex').toString('latin1') : secret
      expect({ what, onDisk: disk.some(text => text.includes(secret) || text.includes(binary)) }).toEqual({
        what,
        onDisk: false,
      })
      expect({ what, logged: log.includes(secret) }).toEqual({ what, logged: false })
    }
    expect(log).not.toContain('the-app-s-own-secret-state')
    expect(log).not.toContain('garbage-with-a-secret-in-it')
    expect(log).toContain('"path":"/oauth/token"')
    await provider.close()
    await database.remove()
  })

  it('[OA-30] passwords are argon2id, with OWASP’s parameters', async () => {
    const { runtime, close } = await startProvider()
    const { password_hash } = await runtime.store.db
      .selectFrom('users')
      .select('password_hash')
      .where('user_id', '=', BOND)
      .executeTakeFirstOrThrow()
    expect(password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    await close()
  })

  it('[OA-36] no secret is in an error page, and the page has an error id that the log has too', async () => {
    let log = ''
    const sink = new Writable({
      write(chunk, _encoding, done) {
        log += chunk
        done()
      },
    })
    const provider = await startProvider({ logger: pino(sink) })
    const client = await provider.registerApp()
    const { refresh_token } = await client.tokens(await provider.person().code(client, { company: MI6 }))
    provider.runtime.store.write = async () => {
      throw new Error('a fault of ours')
    }
    const answer = await client.refresh(refresh_token)
    const { error, error_description } = (await answer.json()) as { error: string; error_description: string }
    const requestId = answer.headers.get('X-Request-Id') ?? 'none'
    expect([answer.status, error]).toEqual([500, 'server_error'])
    expect(error_description).toContain(requestId)
    expect(log).toContain('a fault of ours')
    expect(log).toContain(requestId)
    expect(log).not.toContain(refresh_token)
    const page = await provider.person().signIn()
    expect([page.status, page.text.includes('Something went wrong on our side')]).toEqual([500, true])
    expect(page.html).not.toContain('a fault of ours')
    await provider.close()
  })
})
