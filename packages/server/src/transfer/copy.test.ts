import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../../tests/support/sandbox-process.ts'
import { putSetting } from '../store/queries/settings.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import type { Store } from '../store/store.ts'
import { copySqlite, findCopyLeftovers, undoCopy } from './copy.ts'
import { SqliteTarget } from './sqlite.ts'
import { SqliteChangeLog } from './sqlite-changes.ts'

describe('a copy that fails', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let path: string
  let store: Store
  const { freeze, stop } = SqliteChangeLog.prototype
  const { exec } = DatabaseSync.prototype

  beforeEach(() => {
    folder = temporaryFolder()
    path = join(folder.path, 'tenantry.db')
    store = openSqliteStore({ path, migrate: true })
  })
  afterEach(async () => {
    Object.assign(SqliteChangeLog.prototype, { freeze, stop })
    DatabaseSync.prototype.exec = exec
    await store.close()
    folder.remove()
  })

  const said: string[] = []
  async function copy() {
    const to = join(folder.path, `copy-${Math.random()}.db`)
    await openSqliteStore({ path: to, migrate: true }).close()
    const target = new SqliteTarget(to)
    try {
      return await copySqlite(path, target, { progress: () => {}, say: sentence => said.push(sentence) })
    } finally {
      await target.close()
    }
  }
  const objects = () => {
    const database = new DatabaseSync(path, { readOnly: true })
    const rows = database.prepare("SELECT name FROM sqlite_master WHERE name LIKE 'copy%' OR name LIKE 'frozen%'").all()
    database.close()
    return rows.map(({ name }) => name)
  }

  it('a copy that cannot lock out writers says why, and leaves the file as it was', async () => {
    // The last of the triggers cannot be made: the others are there already.
    DatabaseSync.prototype.exec = function (this: DatabaseSync, text: string) {
      if (/frozen_used_assertions_DELETE BEFORE/.test(text)) throw new Error('the disk is full')
      exec.call(this, text)
    }
    await store.write([putSetting(store, 'before', '1')])
    await expect(copy()).rejects.toThrow('the disk is full')
    expect(objects()).toEqual([])
    await store.write([putSetting(store, 'after', '1')])
  })

  it('a copy that fails and cannot be undone reports both errors, the cause first', async () => {
    SqliteChangeLog.prototype.freeze = () => {
      throw new Error('the disk is full')
    }
    SqliteChangeLog.prototype.stop = () => {
      throw new Error('the disk is still full')
    }
    await expect(copy()).rejects.toThrow('the disk is full')
    expect(said.at(-1)).toMatch(/the disk is full.*the disk is still full.*copy --undo/)
    expect(objects().length).toBeGreaterThan(50)
    Object.assign(SqliteChangeLog.prototype, { freeze, stop })
    expect(await findCopyLeftovers(store)).toContain('tenantry copy --undo')
    undoCopy(path)
    expect([objects(), await findCopyLeftovers(store)]).toEqual([[], undefined])
  })
})
