import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { isCitus } from '../../../../../tests/support/postgres.ts'
import { makePreparedSchema } from '../../../../../tests/support/postgres-schema.ts'
import { BOND, MI6, onPostgres, startProvider } from '../../../../../tests/support/provider.ts'

const ROUNDS = 20
const COMPANIES = 5000
/** PostgreSQL plans a prepared statement for its values so often before it decides whether to go on with that. */
const TRIED = 5

/** On one connection, so that what it has prepared can be asked for. */
describe.skipIf(!onPostgres || isCitus)('statements that are sent all the time', () => {
  it('statements of look-ups, refreshes and installs are planned once, and not for each of their values', async () => {
    const schema = await makePreparedSchema()
    const provider = await startProvider({ store: { url: schema.url, connections: 1 } })
    const { store } = provider.runtime
    try {
      const client = await provider.registerApp()
      const person = provider.person()
      let tokens = await client.tokens(await person.code(client, { company: MI6 }))
      // So many, at so many companies, that what a plan is thought to cost differs by how many are asked for.
      const fill = (statement: string) => store.write([{ sql: `/* what there is */ ${statement}`, parameters: [] }])
      const all = `generate_series(1, ${COMPANIES}) AS n`
      await fill(`INSERT INTO companies (company_id, name, domain, created_at)
        SELECT 10000 + n, 'Company', 'c' || n, 1 FROM ${all}`)
      await fill(`INSERT INTO users (user_id, email, name, locale, active, created_at)
        SELECT 10000 + n, n || '@mi6.example', 'Agent', 'en_US', 1, 1 FROM ${all}`)
      const profile =
        'name, email, locale, currency, is_admin, role_id, has_created_company, active, user_active, created_at'
      await fill(`INSERT INTO memberships (company_id, user_id, ${profile})
        SELECT 10000 + n, 10000 + n, ${profile} FROM memberships, ${all}
        WHERE company_id = ${MI6} AND user_id = ${BOND}`)
      await fill(`INSERT INTO installations (company_id, user_id, client_id, scopes, created_at, updated_at)
        SELECT 10000 + n, 10000 + n, '${client.id}', 'base', 1, 1 FROM ${all}`)
      await fill(`INSERT INTO access_tokens (company_id, user_id, token_hash, client_id, family_id, scopes, created_at, expires_at)
        SELECT 10000 + n, 10000 + n, sha256((n || ' ' || each)::text::bytea), '${client.id}', 'f' || n, 'base', 1, each
        FROM ${all}, generate_series(1, 10) AS each`)
      await fill('ANALYZE')
      for (let round = 0; round < ROUNDS; round++) {
        // Each is looked up for the first time.
        expect((await client.me(tokens.access_token)).status).toBe(200)
        tokens = await client.refreshed(tokens.refresh_token)
        await client.introspect(tokens.access_token)
        if (round < 10) await client.tokens(await person.code(client, { company: MI6 }, { prompt: 'consent' }))
      }
      const { rows } = await sql<{ statement: string; custom_plans: number; generic_plans: number }>`/* what there is */
        SELECT statement, custom_plans::int, generic_plans::int FROM pg_prepared_statements`.execute(store.db)
      console.log(rows.map(r => [r.custom_plans, r.generic_plans, r.statement.slice(0, 90)].join(' ')).join('\n'))
      const often = rows.filter(each => each.custom_plans + each.generic_plans > TRIED + 3)
      expect(often.length).toBeGreaterThan(10)
      expect(often.filter(each => each.custom_plans > TRIED)).toEqual([])
    } finally {
      await provider.close()
      await schema.remove()
    }
  })
})
