import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ruleBroken } from '../../../../../tests/support/distribution-rules.ts'
import { isCitus } from '../../../../../tests/support/postgres.ts'
import { makePreparedSchema, type TestSchema } from '../../../../../tests/support/postgres-schema.ts'
import { MI6, onPostgres, startProvider } from '../../../../../tests/support/provider.ts'
import { sentStatements } from '../../../../../tests/support/watch-statements.ts'
import { cleanExpired } from '../queries/expired.ts'
import { type Placement, placements } from './distribution.ts'

const by = (placement: Placement | undefined) => (typeof placement === 'object' ? placement.by : undefined)
const groupOf = (table: string) => {
  const placement = placements[table]
  return typeof placement === 'object' ? (placement.with ?? table) : placement
}

/** What Citus demands of a schema and of statements, checked where there is no Citus. */
describe.skipIf(!onPostgres)('the schema distributes', () => {
  let schema: TestSchema
  let client: pg.Client

  beforeAll(async () => {
    schema = await makePreparedSchema()
    client = new pg.Client({ connectionString: schema.url })
    await client.connect()
  })
  afterAll(async () => {
    await client.end()
    await schema.remove()
  })

  it('every table has a placement, and every placement a table with that column', async () => {
    const { rows } = await client.query<{ name: string; columns: string[] }>(
      `SELECT table_name AS name, array_agg(column_name::text) AS columns FROM information_schema.columns
      WHERE table_schema = current_schema() GROUP BY table_name`,
    )
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(placements).sort())
    for (const { name, columns } of rows) {
      const column = by(placements[name])
      if (column) expect({ name, columns }).toEqual({ name, columns: expect.arrayContaining([column]) })
    }
  })

  it('every primary key and unique constraint of a distributed table holds its column', async () => {
    const { rows } = await client.query<{ name: string; columns: string[] }>(
      `SELECT i.indrelid::regclass::text AS name, array_agg(a.attname::text) AS columns
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
      WHERE i.indisunique AND c.relnamespace = current_schema()::regnamespace
      GROUP BY i.indexrelid, i.indrelid`,
    )
    expect(rows.length).toBeGreaterThanOrEqual(Object.keys(placements).length)
    for (const { name, columns } of rows) {
      const column = by(placements[name])
      if (column) expect({ name, columns }).toEqual({ name, columns: expect.arrayContaining([column]) })
    }
  })

  it('foreign keys stay within what lies together, or lead to a reference table', async () => {
    const { rows } = await client.query<{ owner: string; target: string; definition: string }>(
      `SELECT conrelid::regclass::text AS owner, confrelid::regclass::text AS target, pg_get_constraintdef(oid) AS definition
      FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace`,
    )
    expect(rows.length).toBeGreaterThan(5)
    for (const { owner, target, definition } of rows) {
      if (placements[target] === 'reference') continue
      expect({ owner, group: groupOf(owner) }).toEqual({ owner, group: groupOf(target) })
      const column = by(placements[owner])!
      const [, from, to] = /FOREIGN KEY \((.*?)\) REFERENCES \S+?\((.*?)\)/.exec(definition)!
      const place = from!.split(', ').indexOf(column)
      expect({ owner, place, at: to!.split(', ')[place] }).toEqual({ owner, place: expect.any(Number), at: column })
    }
  })

  it('the distribution rules find statements that break them', () => {
    expect(ruleBroken('select * from "memberships" where "user_id" = $1')).toMatch(/does not name company_id/)
    expect(ruleBroken('update "refresh_tokens" set "used_at" = $1 where "token_hash" = $2')).toMatch(/company_id/)
    expect(ruleBroken('delete from "access_tokens" where "expires_at" <= $1')).toMatch(/company_id/)
    expect(ruleBroken('select * from "somewhere"')).toMatch(/has no placement/)
    expect(ruleBroken('insert into "memberships" ("user_id") values ($1)')).toMatch(/company_id/)
    expect(ruleBroken('select "m".* from "memberships" as "m" where "m"."company_id" in ($1, $2)')).toBeUndefined()
    expect(ruleBroken('select * from "users" where "user_id" = $1')).toBeUndefined()
  })

  it('the statements of every test are checked against the rules', async () => {
    const before = sentStatements.size
    const provider = await startProvider()
    await cleanExpired(provider.runtime.store, provider.now)
    const { runtime } = provider
    await expect(
      runtime.store.db.selectFrom('memberships').select('name').where('user_id', '=', 1).execute(),
    ).rejects.toThrow(/would go to every machine/)
    await provider.close()
    expect(sentStatements.size).toBeGreaterThan(before + 10)
  })

  it.skipIf(!isCitus)('on Citus, `/users/me` asks one shard of one machine', async () => {
    const provider = await startProvider()
    const app = await provider.registerApp()
    const { access_token } = await app.tokens(await provider.person().code(app, { company: MI6 }))
    expect((await app.me(access_token)).status).toBe(200)
    await provider.close()
    const sent = [...sentStatements].filter(sql => sql.includes('"access_tokens" as "t"'))
    expect(sent).toHaveLength(1)
    const sql = sent[0]!.replace('$1', '7').replace('$2', `'{"\\\\x00"}'`)
    const { rows } = await client.query<Record<string, string>>(`EXPLAIN ${sql}`)
    const plan = rows.map(row => row['QUERY PLAN']).join('\n')
    expect(plan).toContain('Task Count: 1')
  })
})
