import { afterAll, beforeAll, expect, it } from 'vitest'
import { runCommand, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'

const folder = temporaryFolder()
const run = (...args: string[]) => runCommand([...args, '--data', folder.path])
const told = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout)

beforeAll(async () => {
  await run('migrate')
  await run('company', 'create', '--name', 'MI6', '--domain', 'mi6')
  await run('company', 'create', '--name', 'Universal Exports', '--domain', 'exports')
  await run('user', 'create', '--name', 'Q', '--email', 'q@mi6.example')
  await run('member', 'add', '--company', '1', '--user', '1')
})
afterAll(() => folder.remove())

const ledger = ['--name', 'Ledger', '--redirect-uri', 'https://ledger.example/callback']

it('app create --company, owner add, list, remove, and publish', async () => {
  const { client_id, company_id, published } = await told('app', 'create', ...ledger, '--company', '1')
  expect([company_id, published]).toEqual([1, false])
  expect((await run('app', 'owner', 'list', client_id)).stdout).toContain('no owners')
  expect(await told('app', 'owner', 'add', client_id, '--user', '1')).toMatchObject({ user_id: 1, owner: true })
  expect(await told('app', 'owner', 'list', client_id)).toMatchObject([{ user_id: 1, name: 'Q' }])
  expect((await run('app', 'owner', 'add', client_id, '--user', '9')).stderr).toContain('no active member of company 1')
  // It is for its company alone, and cannot be handed over as if it were not.
  const moved = await run('app', 'set', client_id, '--company', '2')
  expect([moved.code, moved.stderr]).toEqual([1, expect.stringContaining('stays with it until it is published')])
  expect((await run('app', 'publish', client_id)).stdout).toContain('open to all companies')
  expect(await told('app', 'show', client_id)).toMatchObject({ published: true, registered_by: 'company' })
  expect(await told('app', 'owner', 'remove', client_id, '--user', '1')).toMatchObject({ owner: false })
  expect((await run('app', 'owner', 'remove', client_id, '--user', '1')).stderr).toContain('is no owner')
})

it('an app that another company develops from now on has none of the owners before', async () => {
  const { client_id } = await told('app', 'create', ...ledger)
  expect((await run('app', 'owner', 'list', client_id)).stderr).toContain('No company develops')
  expect((await run('app', 'publish', client_id)).stderr).toContain('No company develops')
  // What all companies could allow stays open to them.
  expect(await told('app', 'set', client_id, '--company', '1')).toMatchObject({ company_id: 1, published: true })
  await run('app', 'owner', 'add', client_id, '--user', '1')
  expect(await told('app', 'set', client_id, '--company', '2')).toMatchObject({ company_id: 2 })
  expect((await run('app', 'owner', 'list', client_id)).stdout).toContain('no owners')
  expect(await told('app', 'set', client_id, '--company', '1')).toMatchObject({ company_id: 1 })
  expect((await run('app', 'owner', 'list', client_id)).stdout).toContain('no owners')
  expect(await told('app', 'set', client_id, '--company', 'none')).toMatchObject({ company_id: null, published: true })
  expect((await run('app', 'create', ...ledger, '--company', '9')).stderr).toContain('There is no company 9')
  expect((await run('app', 'set', client_id, '--company', '9')).stderr).toContain('There is no company 9')
})
