import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProvider } from '../../../../../tests/support/provider.ts'
import { temporaryFolder } from '../../../../../tests/support/sandbox-process.ts'
import { planOf, preparedStatements, slowStep, takeSlowStatements } from '../../../../../tests/support/watch-plans.ts'
import { openConnection } from './connection.ts'
import { migrate } from './migrate.ts'
import { applyPlannerStatistics } from './planner-statistics.ts'
import { openSqliteStore } from './sqlite-store.ts'

/** What is done to one row takes the same time in a large company as in a small one. */
describe('the plans of the embedded database', () => {
  let database: DatabaseSync

  beforeAll(() => {
    database = openConnection(':memory:', 'write')
    migrate(database)
    applyPlannerStatistics(database)
  })
  afterAll(() => database.close())

  const slowStepOf = (sql: string) => slowStep(sql, planOf(database, sql))

  it.each([
    'DELETE FROM access_tokens WHERE company_id = 1 AND user_id = 2 AND client_id = 3 AND family_id = 4 AND expires_at < 5',
    'DELETE FROM refresh_tokens WHERE company_id = 1 AND user_id = 2 AND client_id = 3 AND family_id = 4',
    // With what goes by cascade.
    'DELETE FROM installations WHERE company_id = 1 AND user_id = 2 AND client_id = 3',
    'DELETE FROM memberships WHERE company_id = 1 AND user_id = 2',
  ])('%s finds its rows by an index', sql => {
    expect(planOf(database, sql).length).toBeGreaterThan(0)
    expect(slowStepOf(sql)).toBeUndefined()
  })

  it('a refresh finds what has ended of its family by the index, however much has not', () => {
    const [step] = planOf(
      database,
      'DELETE FROM access_tokens WHERE company_id = 1 AND user_id = 2 AND client_id = 3 AND family_id = 4 AND expires_at < 5',
    )
    expect(step).toMatch(/INDEX access_tokens_family \(.*family_id=\? AND expires_at<\?\)$/)
  })

  it('the plan rules find statements that scan too much', () => {
    expect(slowStepOf('SELECT 1 FROM access_tokens WHERE expires_at < 5')).toMatch(/^SCAN access_tokens/)
    expect(slowStepOf('DELETE FROM refresh_tokens WHERE company_id = 1 AND expires_at < 5')).toMatch(/company_id=\?\)$/)
    expect(
      slowStepOf('SELECT 1 FROM "memberships" AS "m" WHERE "m"."company_id" = 1'.replaceAll(' AS ', ' as ')),
    ).toMatch(/^SEARCH m /)
    // What is not told what a large company is.
    const untold = new DatabaseSync(':memory:')
    untold.exec(`CREATE TABLE access_tokens (company_id, token_hash, user_id, client_id, family_id, expires_at,
      PRIMARY KEY (company_id, token_hash)) WITHOUT ROWID`)
    untold.exec('CREATE INDEX access_tokens_family ON access_tokens (company_id, user_id, client_id, family_id)')
    const sweep = 'DELETE FROM access_tokens WHERE company_id = 1 AND user_id = 2 AND client_id = 3 AND family_id = 4'
    expect(slowStep(sweep, planOf(untold, sweep))).toMatch(/\(company_id=\?\)$/)
    untold.close()
  })

  it('query plans are the same again at the next start after an operator ran ANALYZE', async () => {
    const folder = temporaryFolder()
    const path = join(folder.path, 'a.db')
    const statisticsOf = (file: string) => {
      const opened = new DatabaseSync(file)
      const rows = opened.prepare('SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY tbl, idx').all()
      opened.close()
      return rows
    }
    await openSqliteStore({ path, migrate: true }).close()
    const before = statisticsOf(path)
    const operator = new DatabaseSync(path)
    operator.exec("INSERT INTO sign_in_emails VALUES ('a@b.example', 1); ANALYZE")
    operator.close()
    expect(statisticsOf(path)).not.toEqual(before)
    await openSqliteStore({ path, migrate: false }).close()
    expect(statisticsOf(path)).toEqual(before)
    folder.remove()
  })

  it('the statements of every test are checked against the rules', async () => {
    const before = preparedStatements.size
    const provider = await startProvider()
    const { store } = provider.runtime
    await expect(
      store.db.selectFrom('sessions').select('user_id').where('expires_at', '>', 1).limit(1).execute(),
    ).resolves.toEqual([])
    await expect(
      store.db.selectFrom('access_tokens').select('user_id').where('expires_at', '>', 1).execute(),
    ).rejects.toThrow(/the longer, the more there is: SCAN access_tokens/)
    // Told to the test as well, where a job hides what it throws.
    expect(takeSlowStatements()).toEqual([expect.stringContaining('SCAN access_tokens')])
    await provider.close()
    expect(preparedStatements.size).toBeGreaterThan(before + 10)
  })
})
