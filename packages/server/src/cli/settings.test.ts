import { describe, expect, it } from 'vitest'
import {
  fail,
  install,
  run,
  sandbox,
  useServerBesideCommands,
} from '../../../../tests/support/commands-beside-server.ts'

describe('the commands for settings', () => {
  useServerBesideCommands()

  it('a setting is changed, listed and taken back, with the operator in the audit log', async () => {
    expect(await run('settings', 'list')).toEqual([])
    expect(await run('settings', 'set', 'session_lifetime', '3600')).toEqual([
      { name: 'session_lifetime', value: 3600 },
    ])
    expect(await run('settings', 'list')).toEqual([{ name: 'session_lifetime', value: 3600 }])
    expect(await run('settings', 'unset', 'session_lifetime')).toEqual([])
    const events = await run('audit', 'list', '--action', 'settings.changed')
    expect(events).toMatchObject([
      { actor: { type: 'command' }, facts: { changed: { session_lifetime: [3600, null] } } },
      { facts: { changed: { session_lifetime: [null, 3600] } } },
    ])
  })

  it('the running server uses a change without being restarted', async () => {
    await run('settings', 'set', 'access_token_lifetime', '600')
    const lifetime = async () => (await install('eve.moneypenny@mi6.example', sandbox.facts.password, 1)).expires_in
    await expect.poll(lifetime, { timeout: 60_000, interval: 2000 }).toBe(600)
  })

  it('a setting that cannot be changed, or a value that makes no sense, is refused with what can be', async () => {
    expect(await fail(['settings', 'set', 'origin', '1'])).toContain('access_token_lifetime')
    expect(await fail(['settings', 'set', 'authorization_code_lifetime', '601'])).toContain(
      'authorization_code_lifetime',
    )
    expect(await fail(['settings', 'set', 'session_lifetime', 'x'])).toContain('x')
  })
})
