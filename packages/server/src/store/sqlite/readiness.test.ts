import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../../../tests/support/sandbox-process.ts'
import { BatchWriter } from './batch.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => {
  chmodSync(folder.path, 0o700)
  folder.remove()
})

describe('a disk that is full', () => {
  it('checkpoints the WAL into the database to free space', () => {
    const path = join(folder.path, 'full.db')
    const database = new DatabaseSync(path)
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)',
    )
    database.exec("INSERT INTO notes VALUES (1, 'before')")
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0)
    // SQLite's own limit on the size of a database stands for the disk's.
    database.exec('PRAGMA max_page_count = 1')
    const writer = new BatchWriter(database)
    const [refused] = writer.run([[{ sql: 'INSERT INTO notes VALUES (2, ?)', parameters: ['x'.repeat(100_000)] }]])
    expect(refused).toMatchObject({ unavailable: true, failure: 'database or disk is full' })
    expect(statSync(`${path}-wal`).size).toBe(0)
    expect(database.prepare('SELECT count(*) AS count FROM notes').get()).toEqual({ count: 1 })
    const [taken] = writer.run([[{ sql: "UPDATE notes SET text = 'after' WHERE id = 1", parameters: [] }]])
    expect(taken).toHaveProperty('results')
    database.close()
  })
})
