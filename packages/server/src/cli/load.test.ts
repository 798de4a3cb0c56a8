import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTenantry } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeTestDatabase, type TestDatabase } from '../../../../tests/support/database.ts'
import { runCommand, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'

const SECRET = 'a secret of the tests that is long enough'

describe('tenantry load', () => {
  const folder = temporaryFolder()
  let database: TestDatabase
  let sample: string

  beforeEach(async () => {
    database = await makeTestDatabase()
    sample = join(folder.path, `sample-${Math.random()}`)
  })
  afterEach(() => database.remove())

  const load = (...flags: string[]) => runCommand(['load', ...database.flags, ...flags])

  /** What the access tokens of a sample say, by their status. */
  async function ask(file: string) {
    const tenantry = createTenantry({ store: database.store, secrets: [SECRET], origin: 'http://localhost:4040' })
    const answers = []
    for (const token of readFileSync(file, 'utf8').trimEnd().split('\n')) {
      const headers = { Authorization: `Bearer ${token}` }
      const answer = await tenantry.fetch(new Request('http://localhost:4040/users/me', { headers }))
      const { data } = (await answer.json()) as { data: { id: number; company_id: number; email: string } }
      answers.push({ status: answer.status, token, ...data })
    }
    const { db } = tenantry.runtime.store
    const count = async (table: 'access_tokens' | 'refresh_tokens' | 'users' | 'companies') =>
      (await db.selectFrom(table).selectAll().execute()).length
    const counts = [
      await count('access_tokens'),
      await count('refresh_tokens'),
      await count('users'),
      await count('companies'),
    ]
    const several = await db
      .selectFrom('user_companies')
      .select('user_id')
      .groupBy('user_id')
      .having(eb => eb.fn.countAll(), '>', 1)
      .execute()
    await tenantry.close()
    return { answers, counts, several: several.length }
  }

  it('tenantry load fills a database with people and tokens that work, and samples the tokens', async () => {
    const { code, stdout } = await load(
      '--tokens',
      '2000',
      '--users',
      '150',
      '--companies',
      '20',
      '--sample',
      sample,
      '--sample-size',
      '300',
      '--json',
    )
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, tokens: 2000, users: 150, companies: 20, sample })
    const { answers, counts, several } = await ask(sample)
    expect(counts).toEqual([2000, 2000, 150, 20])
    expect(several).toBeGreaterThan(10)
    expect(new Set(answers.map(({ token }) => token)).size).toBe(300)
    expect(new Set(answers.map(({ company_id }) => company_id)).size).toBeGreaterThan(5)
    for (const { status, token, company_id, email } of answers) {
      expect({ status, company: Number(token.split('_')[2]) }).toEqual({ status: 200, company: company_id })
      expect(email).toMatch(/@load/)
    }
  })

  it('tenantry load refuses a database that is not empty, unless it is told to add to it', async () => {
    await load('--tokens', '10')
    const again = await load('--tokens', '10', '--sample', sample)
    expect(again.code).toBe(1)
    expect(again.stderr).toContain('is not empty. Nothing was changed')
    expect(existsSync(sample)).toBe(false)
    expect((await load('--tokens', '50', '--users', '7', '--into-existing', '--sample', sample)).code).toBe(0)
    const { answers, counts } = await ask(sample)
    expect(counts).toEqual([60, 60, 8, 2])
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
  })

  it('tenantry load gives unused ids, before it and after it', async () => {
    await load('--tokens', '10', '--users', '5', '--companies', '3')
    const create = async (name: string) =>
      JSON.parse(
        (await runCommand(['company', 'create', ...database.flags, '--json', '--name', name, '--domain', name])).stdout,
      )
    expect(await create('after')).toMatchObject({ company_id: 4 })
    await load('--tokens', '10', '--users', '5', '--companies', '3', '--into-existing')
    expect(await create('later')).toMatchObject({ company_id: 8 })
  })

  it('tenantry load does not exist in production, and production does not serve what it made', async () => {
    const production = { TENANTRY_MODE: 'production' }
    const refused = await runCommand(['load', ...database.flags], { environment: production })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain("unknown command 'load'")
    expect((await runCommand(['--help'], { environment: production })).stdout).not.toContain('load ')
    await load('--tokens', '10')
    const served = await runCommand(['serve', '--port', '0', ...database.flags], {
      environment: { TENANTRY_ORIGIN: 'https://id.example', TENANTRY_SECRETS: SECRET },
    })
    expect(served.code).toBe(1)
    expect(served.stderr).toContain('synthetic data of `tenantry load`')
  })

  it('tenantry load says what is wrong with what it is asked, and changes nothing', async () => {
    expect((await load('--tokens', '10000001')).stderr).toContain('from 1 to 10000000')
    expect((await load('--users', '3', '--companies', '4')).stderr).toContain('Each company needs a user')
    const there = join(folder.path, 'there')
    await load('--tokens', '1', '--sample', there)
    expect((await load('--tokens', '1', '--into-existing', '--sample', there)).stderr).toContain('exists already')
  })
})
