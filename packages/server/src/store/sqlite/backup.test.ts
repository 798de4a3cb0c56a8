import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sqliteStore } from '@tenantry/connect/sqlite'
import { createTenantry } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ORIGIN, SECRET } from '../../../../../tests/support/provider.ts'
import { temporaryFolder } from '../../../../../tests/support/sandbox-process.ts'
import { findSetting, putSetting } from '../queries/settings.ts'
import type { Store } from '../store.ts'
import { backUp, restore } from './backup.ts'
import { openConnection } from './connection.ts'
import { migrateFile, openSqliteStore } from './sqlite-store.ts'

describe('a database file', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let path: string
  let copy: string
  const open: Store[] = []

  beforeEach(() => {
    folder = temporaryFolder()
    path = join(folder.path, 'tenantry.db')
    copy = join(folder.path, 'backup.db')
  })
  afterEach(async () => {
    process.umask(0o022)
    for (const store of open.splice(0)) await store.close()
    folder.remove()
  })

  function openStore(at = path): Store {
    const store = openSqliteStore({ path: at, migrate: true })
    open.push(store)
    return store
  }

  /** A database whose newest commit is in its -wal alone, as after kill -9. */
  async function leaveCommitInWal(value: string) {
    const store = openStore()
    await store.write([putSetting(store, 'value', 'before')])
    const checkpoint = openConnection(path, 'write')
    checkpoint.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    checkpoint.close()
    await store.write([putSetting(store, 'value', value)])
    for (const name of ['tenantry.db', 'tenantry.db-wal']) {
      copyFileSync(join(folder.path, name), join(folder.path, `killed-${name}`))
    }
    await open.pop()!.close()
    for (const name of ['tenantry.db', 'tenantry.db-wal']) {
      renameSync(join(folder.path, `killed-${name}`), join(folder.path, name))
    }
  }

  const valueAt = async (at: string) => findSetting(openStore(at), 'value')

  it('a database restored beside a leftover -wal equals the backup, and the leftover is kept', async () => {
    await leaveCommitInWal('newest')
    backUp(path, copy)
    const old = join(folder.path, 'old.db')
    renameSync(path, old)
    const [kept] = restore(copy, path)
    expect(kept).toBe(`${path}-wal.left`)
    expect(await valueAt(path)).toBe('newest')
    // Beside the file that it belongs to, it still has the newest commit.
    renameSync(kept!, `${old}-wal`)
    expect(await valueAt(old)).toBe('newest')
  })

  it('a database restored with a leftover -wal of another history is not mixed with it', async () => {
    const other = openStore(join(folder.path, 'other.db'))
    await other.write([putSetting(other, 'value', 'of the backup')])
    backUp(join(folder.path, 'other.db'), copy)
    await leaveCommitInWal('left behind')
    renameSync(path, join(folder.path, 'old.db'))
    restore(copy, path)
    expect(await valueAt(path)).toBe('of the backup')
  })

  it('restoring a backup includes the commits in its -wal', async () => {
    await leaveCommitInWal('newest')
    const at = join(folder.path, 'restored', 'tenantry.db')
    expect(restore(path, at)).toEqual([])
    expect(await valueAt(at)).toBe('newest')
  })

  it('a database made where only a -wal was left keeps that aside', async () => {
    await leaveCommitInWal('newest')
    const wal = readFileSync(`${path}-wal`)
    renameSync(path, join(folder.path, 'old.db'))
    migrateFile(path)
    expect(readFileSync(`${path}-wal.left`).equals(wal)).toBe(true)
  })

  it('a backup is refused beside the files of another database', () => {
    migrateFile(path)
    writeFileSync(`${copy}-wal`, 'left')
    expect(() => backUp(path, copy)).toThrow(/is left from another database/)
    expect(existsSync(copy)).toBe(false)
  })

  it.each([0o000, 0o022, 0o777])(
    '[OA-72] a database file is read by its owner alone, with all beside it, at umask %i',
    async umask => {
      process.umask(umask)
      const store = openStore()
      await store.write([putSetting(store, 'a', 'b')])
      backUp(path, copy)
      const links = sqliteStore(join(folder.path, 'links.db'))
      const files = readdirSync(folder.path)
      expect(files).toEqual(expect.arrayContaining(['tenantry.db', 'tenantry.db-wal', 'tenantry.db-shm', 'backup.db']))
      expect(files).toEqual(expect.arrayContaining(['links.db', 'links.db-wal']))
      const modes = files.map(name => [name, (statSync(join(folder.path, name)).mode & 0o777).toString(8)])
      expect(modes).toEqual(files.map(name => [name, '600']))
      links.close()
    },
  )

  it('[OA-72] a database file that others could read is closed to them once it is opened', async () => {
    process.umask(0)
    writeFileSync(path, '', { mode: 0o644 })
    const tenantry = createTenantry({ store: { path }, secrets: [SECRET], origin: ORIGIN })
    await tenantry.ready
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await tenantry.close()
  })
})
