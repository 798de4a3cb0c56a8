import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client } from '../../../../tests/support/client.ts'
import { Person } from '../../../../tests/support/person.ts'
import {
  runCommand,
  type SandboxFacts,
  startCommand,
  startSandbox,
  temporaryFolder,
} from '../../../../tests/support/sandbox-process.ts'

describe('tenantry dev', () => {
  let folder: ReturnType<typeof temporaryFolder>

  beforeEach(() => {
    folder = temporaryFolder()
  })
  afterEach(() => folder.remove())

  const me = async ({ origin, access_token }: SandboxFacts) => {
    const answer = await fetch(`${origin}/users/me`, { headers: { Authorization: `Bearer ${access_token}` } })
    return { status: answer.status, data: ((await answer.json()) as { data: Record<string, unknown> }).data }
  }
  const clientOf = ({ origin, client_id, client_secret }: SandboxFacts) =>
    new Client(
      (path, init) => fetch(new URL(path, origin), init),
      client_id,
      client_secret,
      'http://localhost:5999/callback',
    )
  const personAt = ({ origin }: SandboxFacts) => new Person((path, init) => fetch(new URL(path, origin), init))

  it('tenantry dev prints facts that work', async () => {
    const { facts, stop, log } = await startSandbox(['--data', ':memory:'])
    expect(Object.keys(facts)).toEqual([
      'origin',
      'client_id',
      'client_secret',
      'access_token',
      'password',
      'admin_key',
      'mcp_url',
      'users',
    ])
    expect(await me(facts)).toMatchObject({
      status: 200,
      data: { id: 777, company_id: 1, last_login: '2017-12-18 08:43:13' },
    })
    for (const { email } of facts.users) {
      const page = await personAt(facts).signIn(email, facts.password)
      expect({ email, in: page.status === 200 }).toEqual({ email, in: true })
    }
    const client = clientOf(facts)
    const tokens = await client.tokens(await personAt(facts).code(client, { company: 2 }))
    const answer = (await (await client.me(tokens.access_token)).json()) as { data: { last_login: string } }
    expect(answer.data).toMatchObject({ id: 777, company_id: 2 })
    expect(answer.data.last_login > '2026').toBe(true)
    expect(log()).toBe('')
    expect(await stop()).toBe(0)
  })

  it('tenantry dev has Bond at two companies with different e-mail, language and role, and people in all nine languages', async () => {
    const { facts, stop } = await startSandbox(['--data', folder.path])
    const client = clientOf(facts)
    const locales = new Set<unknown>()
    for (const { user_id, email, companies } of facts.users) {
      const person = personAt(facts)
      const seen: Record<string, unknown>[] = []
      for (const company of companies) {
        const { access_token } = await client.tokens(await person.code(client, { email, company }))
        const { data } = (await (await client.me(access_token)).json()) as { data: Record<string, unknown> }
        seen.push(data)
        locales.add(data.locale)
      }
      if (user_id !== 777) continue
      for (const key of ['email', 'locale', 'role_id']) expect(new Set(seen.map(data => data[key])).size).toBe(2)
    }
    expect([...locales].sort()).toEqual([
      'ar_SA',
      'de_DE',
      'en_GB',
      'en_US',
      'es_ES',
      'et_EE',
      'fr_FR',
      'ja_JP',
      'pt_BR',
    ])
    expect(facts.users.length).toBeGreaterThanOrEqual(13)
    await stop()
  })

  it('started again on its data prints facts that work, and leaves what was there as it was', async () => {
    const first = await startSandbox(['--data', folder.path])
    const client = clientOf(first.facts)
    const tokens = await client.tokens(await personAt(first.facts).code(client, { company: 2 }))
    const run = (...args: string[]) => runCommand([...args, '--data', folder.path, '--json'])
    const mine = JSON.parse(
      (await run('app', 'create', '--name', 'Mine', '--redirect-uri', 'http://127.0.0.1/callback')).stdout,
    )
    const rotated = JSON.parse((await run('app', 'rotate-secret', first.facts.client_id)).stdout).client_secret
    await run('member', 'set', '--company', '1', '--user', '777', '--name', 'Commander Bond')
    await runCommand(['user', 'set-password', '778', '--data', folder.path], { input: 'a new password' })
    expect(await first.stop()).toBe(0)

    const second = await startSandbox(['--data', folder.path])
    const { facts } = second
    expect(facts.client_secret).toBe(rotated)
    expect(await me(facts)).toMatchObject({ status: 200, data: { name: 'Commander Bond' } })
    expect(await me({ ...facts, access_token: tokens.access_token })).toMatchObject({
      status: 200,
      data: { company_id: 2 },
    })
    expect(await me({ ...facts, access_token: first.facts.access_token })).toMatchObject({ status: 200 })
    expect((await clientOf(facts).refresh(tokens.refresh_token)).status).toBe(200)
    const own = new Client(
      (path, init) => fetch(new URL(path, facts.origin), init),
      mine.client_id,
      mine.client_secret,
      '',
    )
    expect((await own.introspect('x')).status).toBe(200)
    expect(facts.users.map(({ user_id }) => user_id)).toEqual(first.facts.users.map(({ user_id }) => user_id))
    expect(facts.users.find(({ user_id }) => user_id === 778)).toMatchObject({ password_changed: true })
    expect((await personAt(facts).signIn('m@mi6.example', 'a new password')).status).toBe(200)
    await second.stop()
  })

  it('started again still works when Bond or MI6 is out', async () => {
    const first = await startSandbox(['--data', folder.path])
    await first.stop()
    await runCommand(['company', 'suspend', '1', '--data', folder.path])
    const second = await startSandbox(['--data', folder.path])
    expect(await me(second.facts)).toMatchObject({ status: 200, data: { id: 777, company_id: 2 } })
    await second.stop()
  })

  it('tenantry dev finishes what a start had begun that was cut off', async () => {
    const first = await startSandbox(['--data', folder.path])
    await first.stop()
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(join(folder.path, 'tenantry.db'))
    // As it was after Moneypenny was made and before she was a member anywhere.
    database.exec(`UPDATE settings SET value = 'half' WHERE name = 'sandbox'; DELETE FROM installations; DELETE FROM apps;
      DELETE FROM memberships WHERE user_id > 778; DELETE FROM user_companies WHERE user_id > 778;
      DELETE FROM sign_in_emails WHERE user_id > 779; DELETE FROM users WHERE user_id > 779`)
    database.close()
    const second = await startSandbox(['--data', folder.path])
    expect(await me(second.facts)).toMatchObject({ status: 200 })
    expect(second.facts.users).toEqual(first.facts.users)
    await second.stop()
  })

  it('tenantry dev is whole after starts that were killed at any moment', async () => {
    for (const delay of [300, 350, 400, 450, 500, 600]) {
      const child = startCommand(['dev', '--json', '--port', '0', '--data', folder.path])
      await sleep(delay)
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
    const { facts, stop } = await startSandbox(['--data', folder.path])
    expect(await me(facts)).toMatchObject({ status: 200, data: { id: 777, company_id: 1 } })
    expect(facts.users.find(({ user_id }) => user_id === 777)?.companies).toEqual([1, 2])
    await stop()
  })

  it('tenantry dev takes another origin', async () => {
    const { facts, stop } = await startSandbox(['--data', ':memory:', '--origin', 'https://id.example'])
    expect(facts.origin).toBe('https://id.example')
    await stop()
    const wrong = await runCommand(['dev', '--port', '0', '--data', ':memory:', '--origin', 'not an origin'])
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/^origin: must be a scheme and host.*\n$/)])
  })

  it('tenantry dev prints a curl line that works, for people', async () => {
    const { spawn } = await import('node:child_process')
    const { REPOSITORY } = await import('../../../../tests/support/sandbox-process.ts')
    const child = spawn(process.execPath, [
      join(REPOSITORY, 'packages/server/src/cli/main.ts'),
      'dev',
      '--port',
      '0',
      '--data',
      ':memory:',
    ])
    let output = ''
    child.stdout.on('data', chunk => {
      output += chunk
    })
    await expect.poll(() => output).toMatch(/^curl -H 'Authorization: Bearer (tny_at_1_\w+)' (http:\S+)$/m)
    const [, token, url] = /^curl -H 'Authorization: Bearer (\S+)' (\S+)$/m.exec(output) ?? []
    const answer = await fetch(url ?? '', { headers: { Authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(200)
    expect(output).toContain('shaken-not-stirred')
    expect(output).toContain('james.bond@mi6.example')
    child.kill()
    await new Promise(resolve => child.on('close', resolve))
  })

  it('tenantry dev takes over what `migrate` made, which belongs to no secret yet', async () => {
    expect((await runCommand(['company', 'list', '--data', folder.path])).stderr).toContain('tenantry migrate')
    expect((await runCommand(['migrate', '--data', folder.path])).code).toBe(0)
    expect((await runCommand(['key', 'list', '--data', folder.path])).stdout).toBe('There are no keys yet.\n')
    const sandbox = await startSandbox(['--data', folder.path])
    expect(sandbox.facts.users.length).toBeGreaterThan(0)
    expect(await sandbox.stop()).toBe(0)
  })

  it('tenantry dev says of made-up people how they are served', async () => {
    const load = ['load', '--data', folder.path, '--tokens', '10', '--users', '2', '--companies', '1']
    expect((await runCommand(load)).code).toBe(0)
    const { code, stderr } = await runCommand(['dev', '--port', '0', '--no-seed', '--data', folder.path])
    expect([code, stderr]).toEqual([1, expect.stringContaining('TENANTRY_MODE=development tenantry serve')])
  })

  describe('says what is wrong in one sentence, with exit code 1 and no stack trace:', () => {
    const expectSentence = async (args: string[], sentence: RegExp) => {
      const { code, stdout, stderr } = await runCommand(['dev', '--json', ...args])
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(JSON.parse(stderr)).toEqual({ error: expect.stringMatching(sentence) })
      const asText = await runCommand(['dev', ...args])
      expect(asText.stderr.trim().split('\n')).toEqual([expect.stringMatching(sentence)])
    }

    it('a taken port', async () => {
      const taken = createServer()
      await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
      const { port } = taken.address() as AddressInfo
      await expectSentence(
        ['--port', String(port), '--data', folder.path],
        /^Port \d+ on 127\.0\.0\.1 is in use\. Choose/,
      )
      taken.close()
    })

    it('a folder that cannot be written to', async () => {
      await expectSentence(['--port', '0', '--data', '/proc/tenantry'], /cannot be written to/)
      writeFileSync(join(folder.path, 'file'), '')
      await expectSentence(['--port', '0', '--data', join(folder.path, 'file', 'below')], /cannot be written to/)
      await expectSentence(['--port', '0', '--data', join(folder.path, 'file')], /cannot be written to/)
    })

    it('a broken database file', async () => {
      writeFileSync(join(folder.path, 'tenantry.db'), 'garbage'.repeat(1000))
      writeFileSync(join(folder.path, 'secret'), 'x'.repeat(43))
      await expectSentence(['--port', '0', '--data', folder.path], /is not a database that Tenantry can read/)
    })

    it('a database whose keys are sealed under a secret that is gone', async () => {
      const sandbox = await startSandbox(['--data', folder.path])
      await sandbox.stop()
      rmSync(join(folder.path, 'secret'))
      await expectSentence(['--port', '0', '--data', folder.path], /secret, which belongs to the database/)
    })

    it('a database that is a folder', async () => {
      mkdirSync(join(folder.path, 'tenantry.db'))
      writeFileSync(join(folder.path, 'secret'), 'x'.repeat(43))
      await expectSentence(['--port', '0', '--data', folder.path], /is not a file/)
    })

    it('a database of another kind', async () => {
      await runCommand(['migrate', '--data', folder.path])
      await runCommand(['company', 'create', '--name', 'Own', '--domain', 'own', '--data', folder.path])
      writeFileSync(join(folder.path, 'secret'), 'x'.repeat(43))
      await expectSentence(['--port', '0', '--data', folder.path], /was not made by `tenantry dev`/)
    })

    it('a port that is no number', async () => {
      const { code, stderr } = await runCommand(['dev', '--port', 'many'])
      expect([code, stderr]).toEqual([1, expect.stringContaining('It must be a number from 0 to 65535')])
    })
  })
})
