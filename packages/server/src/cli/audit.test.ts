import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  database,
  fail,
  install,
  run,
  useServerBesideCommands,
} from '../../../../tests/support/commands-beside-server.ts'
import { codeAfter } from '../../../../tests/support/fenced-blocks.ts'
import { onPostgres } from '../../../../tests/support/provider.ts'
import { runCommand, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'
import { cutOldEvents } from '../audit/retention.ts'
import { SANDBOX_SECRET } from '../sandbox/seed.ts'
import { createRuntime } from '../server.ts'
import { readSecretFile } from './data-folder.ts'

describe('the commands of the audit log', () => {
  useServerBesideCommands()

  const verified = async () => {
    const chains = await run('audit', 'verify')
    return chains.find(({ company_id }: { company_id: number | null }) => company_id === 1)
  }

  it('what a command changes is recorded with the operator, and listed', async () => {
    await run('member', 'set', '--company', '1', '--user', '779', '--phone', '007')
    const [event] = await run('audit', 'list', '--company', '1', '--user', '779')
    expect(event).toMatchObject({
      action: 'member.changed',
      actor: { type: 'command', id: expect.stringMatching(/./) },
      personal: { changed: { phone: [null, '007'] } },
    })
    const { stdout } = await runCommand(['audit', 'list', '--company', '1', '--limit', '1', ...database.flags])
    expect(stdout).toMatch(/member\.changed +command \w+ +779/)
    expect(await run('audit', 'list', '--action', 'nothing')).toEqual([])
  })

  it('a chain that was changed makes verify fail, and it names the event', async () => {
    await expect.poll(async () => (await verified()).unchained).toBe(0)
    const { createTenantry } = await import('tenantry')
    const tenantry = createTenantry({ store: database.store, secrets: ['x'.repeat(32)], origin: 'http://localhost:1' })
    await tenantry.runtime.store.ready
    const tamper = (name: string) =>
      tenantry.runtime.store.write([
        { sql: `UPDATE audit_events SET action = '${name}' WHERE company_id = 2 AND seq = 1`, parameters: [] },
      ])
    await tamper('member.removed')
    const { code, stdout, stderr } = await runCommand([
      'audit',
      'verify',
      '--company',
      '2',
      '--json',
      ...database.flags,
    ])
    expect([code, stderr]).toEqual([1, '{"error":"1 of 1 chains are not as they were written."}\n'])
    expect(JSON.parse(stdout)).toMatchObject([
      { company_id: 2, problem: 'event 1: its columns say something else than its entry' },
    ])
    await tamper('company.created')
    expect((await run('audit', 'verify', '--company', '2'))[0].problem).toBeNull()
    await tenantry.runtime.store.close()
  })

  // CI installs jq, and fails without it.
  const hasTools = ['jq', 'sha256sum'].every(tool => spawnSync(tool, ['--version']).error === undefined)

  it.skipIf(!hasTools && !process.env.CI)(
    'an exported chain is checked with jq and sha256sum alone, by the line of the documentation',
    async () => {
      await install('james.bond@mi6.example', undefined, 1)
      await expect.poll(async () => (await verified()).unchained).toBe(0)
      const { end, events } = await verified()
      const exported = async () => (await runCommand(['audit', 'export', '--company', '1', ...database.flags])).stdout
      const stdout = await exported()
      const lines = stdout.trim().split('\n')
      expect(lines).toHaveLength(events)
      const check = codeAfter('docs/audit.md', 'with standard tools').split('\n')[1]!
      const folder = temporaryFolder()
      const checked = (text: string) => {
        writeFileSync(join(folder.path, 'audit.ndjson'), text)
        return execFileSync('bash', ['-c', check], { cwd: folder.path, encoding: 'utf8' }).trim()
      }
      expect(checked(stdout)).toBe(end)
      expect(checked(stdout.replaceAll('member.added', 'member.adder'))).toContain('does not fit')
      expect(checked(`${lines.slice(0, 1).concat(lines.slice(2)).join('\n')}\n`)).toContain('does not fit')

      // A month later, when half of it is too old.
      const half = JSON.parse(lines[Math.floor(events / 2)]!).at
      await cutBefore(Date.parse(half))
      await run('member', 'set', '--company', '1', '--user', '779', '--phone', '008')
      await expect.poll(async () => (await verified()).unchained).toBe(0)
      const rest = await verified()
      expect(rest).toMatchObject({ problem: null, cut_after: expect.any(Number), cut_signed_by: expect.any(String) })
      expect(rest.cut_after + rest.events).toBe(events + 1)
      const cut = await exported()
      expect(JSON.parse(cut.split('\n')[0]!)).toMatchObject({ company_id: 1, seq: rest.cut_after })
      expect(checked(cut)).toBe(rest.end)
      expect(checked(cut.replaceAll('member.changed', 'member.chanced'))).toContain('does not fit')
      folder.remove()
    },
  )

  /** What a server does whose policy keeps nothing from before a moment. */
  async function cutBefore(moment: number) {
    const folder = database.flags[database.flags.indexOf('--data') + 1]!
    const secret = onPostgres ? SANDBOX_SECRET : readSecretFile(folder)!
    const runtime = createRuntime({
      store: database.store,
      secrets: [secret],
      origin: 'http://localhost:1',
      auditRetentionDays: 30,
      clock: () => moment + 30 * 24 * 3600 * 1000,
    })
    await runtime.store.ready
    expect(await cutOldEvents(runtime, { isTrusted: async () => true })).toBeGreaterThan(0)
    await runtime.store.close()
  }

  it('everything that is known of a person is printed, and removed', async () => {
    const everything = await run('user', 'export', '782')
    expect(everything).toMatchObject({ user: { name: 'Vesper Lynd' }, memberships: [{ company_id: 2 }] })
    expect(await fail(['user', 'erase', '782'])).toContain('--yes')
    expect(await run('user', 'erase', '782', '--yes')).toEqual({ user_id: 782, erased: true })
    expect(JSON.stringify(await run('user', 'export', '782'))).not.toContain('Vesper')
    expect(await fail(['user', 'export', '4711'])).toBe('There is no user 4711.\n')
  })
})
