import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Client, type TokenAnswer } from '../support/client.ts'
import { Person } from '../support/person.ts'
import { findPostgres, makePostgresServer } from '../support/postgres-server.ts'
import { startSandbox } from '../support/sandbox-process.ts'
import { expectAlive, fail, file, folder, held, run, usePopulatedDatabase } from './populated-database.ts'

describe('backup and restore', () => {
  usePopulatedDatabase()

  const other = () => join(folder.path, 'other')

  it('a backup made while the server writes is whole, and a restored one works', async () => {
    const data = join(folder.path, 'sandbox')
    const sandbox = await startSandbox(['--data', data])
    const { client_id, client_secret, origin } = sandbox.facts
    const request = (to: string, init?: RequestInit) => fetch(new URL(to, origin), init)
    const client = new Client(request, client_id, client_secret, 'http://127.0.0.1:5999/callback')
    const password = sandbox.facts.password
    let tokens = await client.tokens(await new Person(request).code(client, { password, company: 1 }))
    let running = true
    const writing = (async () => {
      while (running) tokens = await client.refreshed(tokens.refresh_token)
    })()
    const answered: TokenAnswer[] = []
    const backup = (n: number) => join(folder.path, `backup-${n}.db`)
    for (let n = 0; n < 5; n++) {
      answered.push(tokens)
      await run('backup', '--data', data, '--to', backup(n))
    }
    running = false
    await writing
    await sandbox.stop()
    for (let n = 0; n < 5; n++) {
      const restored = join(folder.path, `restored-${n}`)
      await run('restore', '--from', backup(n), '--data', restored)
      writeFileSync(join(restored, 'secret'), readFileSync(join(data, 'secret')))
      const again = await startSandbox(['--data', restored])
      const there = new Client((to, init) => fetch(new URL(to, again.facts.origin), init), client_id, client_secret, '')
      expect((await there.me(answered[n]!.access_token)).status).toBe(200)
      await again.stop()
    }
    expect(await fail('backup', '--data', data, '--to', backup(0))).toContain('exists already')
    expect(await fail('restore', '--from', backup(0), '--data', data)).toContain('exists already')
  })

  it('a damaged backup, and a file that is none, are refused', async () => {
    const backup = join(folder.path, 'backup.db')
    await run('backup', '--data', folder.path, '--to', backup)
    const bytes = readFileSync(backup)
    bytes.fill(0x5a, 8192, 8192 + 2048)
    writeFileSync(`${backup}.bad`, bytes)
    expect(await fail('restore', '--from', `${backup}.bad`, '--data', other())).toMatch(
      /cannot be opened|not a database/,
    )
    writeFileSync(`${backup}.none`, 'no database at all, just some text that is long enough to be looked at')
    expect(await fail('restore', '--from', `${backup}.none`, '--data', other())).toContain('not a database')
    expect(await fail('restore', '--from', `${backup}.nowhere`, '--data', other())).toContain('There is no file')
    expect(existsSync(join(other(), 'tenantry.db'))).toBe(false)
  })

  it.skipIf(!findPostgres())('PostgreSQL’s own pg_dump and pg_restore bring everything back', async () => {
    const server = (await makePostgresServer())!
    const dump = join(folder.path, 'tenantry.dump')
    const pg = (command: string, ...args: string[]) => {
      const { status, stderr } = spawnSync(join(findPostgres()!, command), args, { encoding: 'utf8' })
      expect({ command, status, stderr }).toEqual({ command, status: 0, stderr: '' })
    }
    await run('export', '--data', folder.path, '--output', file)
    await run('import', '--database', server.url, '--input', file)
    pg('pg_dump', '--format=custom', `--file=${dump}`, server.url)
    pg('createdb', `--maintenance-db=${server.url}`, 'restored')
    const restored = server.url.replace(/postgres$/, 'restored')
    pg('pg_restore', '--exit-on-error', '--no-owner', `--dbname=${restored}`, dump)
    await expectAlive({ url: restored }, held)
    server.remove()
  })
})
