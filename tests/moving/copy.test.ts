import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTenantry } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client, type TokenAnswer } from '../support/client.ts'
import { Person } from '../support/person.ts'
import { postgresUrl } from '../support/postgres.ts'
import { makeSchema, type TestSchema } from '../support/postgres-schema.ts'
import { lastingPort, runCommand, startCommand, startSandbox } from '../support/sandbox-process.ts'
import { expectAlive, fail, file, folder, held, run, usePopulatedDatabase } from './populated-database.ts'

describe.skipIf(!postgresUrl)('copy', () => {
  let schema: TestSchema

  usePopulatedDatabase()
  beforeEach(async () => {
    schema = await makeSchema()
  })
  afterEach(async () => {
    await schema.remove()
  })

  const other = () => join(folder.path, 'other')

  it('copy moves a system that is in use: no acknowledged write is lost', async () => {
    const source = join(folder.path, 'sandbox')
    const port = await lastingPort()
    const sandbox = await startSandbox(['--data', source, '--port', port])
    const { client_id, client_secret, users } = sandbox.facts
    const at = (origin: string) => (path: string, init?: RequestInit) => fetch(new URL(path, origin), init)
    const client = new Client(at(sandbox.facts.origin), client_id, client_secret, 'http://127.0.0.1:5999/callback')
    const actors = users.filter(({ companies }) => companies.length > 0)
    const chains = await Promise.all(
      actors.map(async ({ email, companies }) => {
        const person = new Person(at(sandbox.facts.origin))
        return client.tokens(
          await person.code(client, { email, password: sandbox.facts.password, company: companies[0]! }),
        )
      }),
    )
    const revoked: TokenAnswer[] = []
    const statuses = new Set<number>()
    let running = true
    const work = chains.map(async (_, index) => {
      while (running) {
        const answer = await client.refresh(chains[index]!.refresh_token)
        statuses.add(answer.status)
        if (answer.status === 200) {
          const next = (await answer.json()) as TokenAnswer
          const before = chains[index]!
          chains[index] = next
          if ((await client.revoke(before.access_token)).status === 200) revoked.push(before)
        } else await sleep(50)
      }
    })
    await sleep(300)
    const { code, stdout, stderr } = await runCommand([
      'copy',
      '--from',
      `sqlite:${source}`,
      '--to',
      schema.url,
      '--json',
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('Writes are refused from now on') })
    const result = JSON.parse(stdout) as { rows: number; changes: number; pause: number }
    expect(result.changes).toBeGreaterThan(0)
    await sleep(300)
    running = false
    await Promise.all(work)
    expect([...statuses].sort()).toEqual([200, 503])
    // The old one still answers, and changes nothing any more.
    expect((await client.me(chains[0]!.access_token)).status).toBe(200)
    expect((await client.refresh(chains[0]!.refresh_token)).status).toBe(503)
    await sandbox.stop()

    const secret = readFileSync(join(source, 'secret'), 'utf8').trim()
    const moved = createTenantry({ store: { url: schema.url }, secrets: [secret], origin: 'http://localhost:4040' })
    await moved.ready
    const fetchMoved = (path: string, init?: RequestInit) =>
      moved.fetch(new Request(new URL(path, 'http://localhost:4040'), init))
    const there = new Client(fetchMoved, client_id, client_secret, client.redirectUri)
    for (const { access_token, refresh_token } of chains) {
      expect((await there.me(access_token)).status).toBe(200)
      expect((await there.refresh(refresh_token)).status).toBe(200)
    }
    for (const { access_token } of revoked) expect((await there.me(access_token)).status).toBe(401)
    await moved.close()

    expect(await fail('copy', '--from', `sqlite:${source}`, '--to', schema.url)).toContain('has been copied before')
    await run('copy', '--from', `sqlite:${source}`, '--undo')
    const again = await startSandbox(['--data', source, '--port', port])
    expect((await client.refresh(chains[0]!.refresh_token)).status).toBe(200)
    await again.stop()
  })

  it('a copy that is killed starts again, and the file can be written meanwhile', async () => {
    const child = startCommand(['copy', '--from', `sqlite:${folder.path}`, '--to', schema.url])
    await new Promise(resolve => child.stderr?.once('data', resolve))
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    const { code, stderr } = await runCommand(['copy', '--from', `sqlite:${folder.path}`, '--to', schema.url])
    if (code !== 0) {
      // It had been killed after the last step but one.
      expect(stderr).toContain('has been copied before')
      await run('copy', '--from', `sqlite:${folder.path}`, '--undo')
    }
    await expectAlive({ url: schema.url }, held)
  })

  it('copy says what is wrong with its source and its target', async () => {
    expect(await fail('copy', '--from', 'x', '--to', schema.url)).toContain('must be a data folder such as sqlite:')
    expect(await fail('copy', '--from', `sqlite:${other()}`, '--to', schema.url)).toContain('There is no database')
    expect(await fail('copy', '--from', `sqlite:${folder.path}`)).toContain('--to postgres://')
    await run('export', '--data', folder.path, '--output', file)
    await run('import', '--database', schema.url, '--input', file)
    expect(await fail('copy', '--from', `sqlite:${folder.path}`, '--to', schema.url)).toContain('is not empty')
    expect((await runCommand(['backup', '--database', schema.url, '--to', file])).stderr).toContain('pg_dump')
  })
})
