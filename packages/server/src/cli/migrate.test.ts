import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { runCommand, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'
import { sqliteMigrations } from '../store/migrations/migration.ts'
import { migrations, newestVersion } from '../store/migrations/migrations.ts'

const namesOfMigrations = migrations
  .filter(({ statements }) => statements(sqliteMigrations).length > 0)
  .map(({ name }) => name)

describe('`tenantry migrate`', () => {
  const folder = temporaryFolder()
  afterAll(() => folder.remove())

  it('migrate makes a database, says so, and refuses one of a newer program', async () => {
    const fresh = join(folder.path, 'fresh')
    const first = await runCommand(['migrate', '--data', fresh, '--json'])
    expect(JSON.parse(first.stdout)).toMatchObject({
      version: newestVersion,
      applied: namesOfMigrations,
    })
    expect(JSON.parse((await runCommand(['migrate', '--data', fresh, '--json'])).stdout)).toMatchObject({ applied: [] })
    const database = new DatabaseSync(join(fresh, 'tenantry.db'))
    database.exec("INSERT INTO migrations (version, name, applied_at) VALUES (99, 'of the future', 0)")
    database.close()
    const newer = await runCommand(['migrate', '--data', fresh])
    expect([newer.code, newer.stderr]).toEqual([1, expect.stringContaining('schema version 99')])
    writeFileSync(join(fresh, 'tenantry.db'), 'garbage'.repeat(1000))
    const broken = await runCommand(['migrate', '--data', fresh])
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringContaining('is not a database')])
  })
})
