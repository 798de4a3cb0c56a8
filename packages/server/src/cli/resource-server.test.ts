import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'

describe('`tenantry resource-server`', () => {
  const folder = temporaryFolder()
  const run = (...args: string[]) => runCommand(['resource-server', ...args, '--data', folder.path])

  beforeAll(async () => {
    await runCommand(['migrate', '--data', folder.path])
  })
  afterAll(() => folder.remove())

  it('resource-server create, list, show, set, rotate-secret, delete', async () => {
    const file = join(folder.path, 'scopes.json')
    writeFileSync(file, '{ "notes:read": { "en": "Read", "fr": "Lire" } }')
    const identifier = 'https://notes.example.com/c/{company_domain}'
    const options = ['--scopes', file, '--scope', 'notes:write=Write notes = all', '--json']
    const created = JSON.parse((await run('create', '--name', 'Notes', '--identifier', identifier, ...options)).stdout)
    expect(created).toMatchObject({
      resource_server_id: 1,
      client_id: expect.stringMatching(/^rs-/),
      client_secret: expect.stringMatching(/^tny_cs_/),
      identifier,
      scopes: ['notes:read', 'notes:write'],
      describe_users: false,
    })
    expect((await run('list')).stdout).toContain(identifier)
    expect(JSON.parse((await run('list', '--search', 'nothing like it', '--json')).stdout)).toEqual([])
    await run('set', '1', '--describe-users', 'yes', '--scope', 'notes:read=Read notes')
    const shown = JSON.parse((await run('show', '1', '--json')).stdout)
    expect(shown).toMatchObject({ scopes: ['notes:read'], describe_users: true })
    expect(shown).not.toHaveProperty('client_secret')
    const rotated = JSON.parse((await run('rotate-secret', '1', '--keep-old', '24h', '--json')).stdout)
    expect(rotated.client_secret).not.toBe(created.client_secret)
    expect((await run('delete', '1', '--dry-run')).stderr).toContain('Notes')
    await run('delete', '1', '--yes')
    expect(await run('show', '1')).toMatchObject({ code: 1, stderr: expect.stringContaining('no resource server 1') })
  })

  it('resource-server create says what is wrong', async () => {
    const mistakes = [
      [['--identifier', 'http://notes.example.com'], 'identifier: must use https'],
      [['--identifier', 'https://notes.example.com', '--scope', 'notes:read'], 'say what it allows'],
      [['--identifier', 'https://notes.example.com', '--scope', 'a b=Text'], 'must be a scope without spaces'],
    ] as const
    for (const [args, message] of mistakes) {
      expect(await run('create', '--name', 'Notes', ...args)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(message),
      })
    }
  })
})
