import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { database, useServerBesideCommands } from '../../../../tests/support/commands-beside-server.ts'
import { runCommand, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'

describe('every command', () => {
  useServerBesideCommands()
  const folder = temporaryFolder()
  afterAll(() => folder.remove())

  it('mistakes are told as sentences, and as JSON to those who ask for JSON', async () => {
    for (const args of [
      ['company', 'suspend', '99'],
      ['company', 'suspend', 'one'],
      ['nope'],
      ['help', 'nope'],
      ['token', 'revoke', '--company', '99'],
      ['company', 'create', '--name', ' ', '--domain', 'x'],
    ]) {
      const { code, stdout, stderr } = await runCommand([
        ...args,
        '--json',
        ...(args[0] === 'help' ? [] : database.flags),
      ])
      expect([args, code, stdout]).toEqual([args, 1, ''])
      expect([args, JSON.parse(stderr)]).toEqual([args, { error: expect.any(String) }])
    }
    const folder = ['export', '--output', '/nonexistent/x', ...database.flags]
    expect((await runCommand(folder)).stderr).toMatch(
      /^\/nonexistent\/x\S* cannot be opened or written: there is no such/,
    )
    expect((await runCommand(['key', 'list', ...database.flags])).code).toBe(0)
  })

  it('completes commands in bash, zsh and fish', async () => {
    const { stdout } = await runCommand(['completion', 'bash'])
    const complete = (...words: string[]) =>
      spawnSync(
        'bash',
        [
          '-c',
          `${stdout}\nCOMP_WORDS=(tenantry ${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _tenantry; echo "\${COMPREPLY[@]}"`,
        ],
        { encoding: 'utf8' },
      ).stdout.trim()
    expect(complete('comp')).toBe('company completion')
    expect(complete('company', 'rel')).toBe('release-domain')
    expect(complete('app', 'set', 'x', '--redirect')).toBe('--redirect-uri')
    for (const shell of ['zsh', 'fish']) expect((await runCommand(['completion', shell])).code).toBe(0)
  })

  it('the command line prints tables for people', async () => {
    const { stdout } = await runCommand(['company', 'list', ...database.flags])
    expect(stdout.split('\n')[0]).toMatch(/^company_id +name +domain +country +industry +suspended +created_at$/)
    expect(stdout).toMatch(/^1 +MI6 +casinoroyale +EE +Software, App Development +no +/m)
  })

  it.each([
    ['dev'],
    ['serve'],
    ['migrate'],
    ['company', 'create'],
    ['company', 'list'],
    ['company', 'show'],
    ['company', 'set'],
    ['company', 'delete'],
    ['company', 'release-domain'],
    ['company', 'suspend'],
    ['company', 'resume'],
    ['user', 'create'],
    ['user', 'list'],
    ['user', 'show'],
    ['user', 'set'],
    ['user', 'deactivate'],
    ['user', 'activate'],
    ['user', 'delete'],
    ['user', 'set-password'],
    ['member', 'add'],
    ['member', 'list'],
    ['member', 'remove'],
    ['member', 'set'],
    ['app', 'create'],
    ['app', 'list'],
    ['app', 'show'],
    ['app', 'set'],
    ['app', 'delete'],
    ['app', 'rotate-secret'],
    ['app', 'disable'],
    ['app', 'enable'],
    ['installation', 'list'],
    ['installation', 'remove'],
    ['token', 'revoke'],
    ['completion'],
    ['key', 'list'],
    ['key', 'rotate'],
    ['export'],
    ['import'],
    ['copy'],
    ['backup'],
    ['restore'],
    ['load'],
  ])('%s %s explains itself with --help', async (...command) => {
    const { code, stdout } = await runCommand([...command.filter(Boolean), '--help'])
    expect(stdout).toContain('Example:')
    expect([code, stdout.startsWith(`Usage: tenantry ${command.filter(Boolean).join(' ')}`)]).toEqual([0, true])
  })

  it('the command line tells its version', async () => {
    expect((await runCommand(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('a command that does not exist, and data that are not there, are told in a sentence', async () => {
    expect((await runCommand(['companies'])).stderr).toContain("unknown command 'companies'")
    const { code, stderr } = await runCommand(['company', 'list', '--data', join(folder.path, 'nowhere')])
    expect([code, stderr]).toEqual([1, expect.stringContaining('There is no database in')])
  })
})
