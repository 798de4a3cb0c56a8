import { afterAll, beforeAll, expect, it } from 'vitest'
import { runCommand, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'

const folder = temporaryFolder()
const run = (...args: string[]) => runCommand([...args, '--data', folder.path])
const policy = (...args: string[]) => run('app-policy', ...args, '--company', '1')

beforeAll(async () => {
  await run('migrate')
  await run('company', 'create', '--name', 'MI6', '--domain', 'mi6')
})
afterAll(() => folder.remove())

it('app-policy show, set, decide, requests, answer', async () => {
  const created = await run('app', 'create', '--name', 'Notes', '--redirect-uri', 'https://n.example/cb', '--json')
  const { client_id } = JSON.parse(created.stdout)
  await policy('set', '--default', 'verified', '--block-scope', 'users:read', '--block-host', 'agent.example')
  await policy('set', '--developers', 'admins')
  expect((await policy('decide', client_id, 'blocked')).stdout).toContain('blocked')
  expect(JSON.parse((await policy('show', '--json')).stdout)).toEqual({
    company_id: 1,
    default: 'verified',
    blocked_scopes: ['users:read'],
    blocked_hosts: ['agent.example'],
    developers: 'admins',
    apps: [`${client_id}=blocked`],
  })
  await policy('set', '--block-scope', 'none')
  await policy('decide', client_id, 'none')
  expect(JSON.parse((await policy('show', '--json')).stdout)).toMatchObject({ blocked_scopes: [], apps: [] })
  expect((await policy('requests')).stdout).toContain('No one is waiting for an answer.')
  expect(await policy('answer', client_id, 'allowed', '--user', '7')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('There is no request'),
  })
})

it('what app-policy cannot do is said, with what to give instead', async () => {
  for (const [args, words] of [
    [['set'], 'Nothing to change'],
    [['decide', 'x', 'maybe'], 'allowed, blocked, ask or none'],
    [['decide', 'unknown', 'blocked'], 'There is no app unknown'],
    [['answer', 'x', 'maybe', '--user', '1'], 'allowed or refused'],
    [['set', '--default', 'nonsense'], 'Allowed choices'],
  ] as const) {
    const { code, stderr } = await policy(...args)
    expect([args, code !== 0, stderr]).toEqual([args, true, expect.stringContaining(words)])
  }
  expect((await run('app-policy', 'show', '--company', '99')).stderr).toContain('99')
})
