import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '../make-folder.ts'
import { requireReadableSchema } from '../migrate.ts'
import { StoreOpenError } from '../store.ts'
import { explainOpenError, openConnection } from './connection.ts'

/**
 * Writes a database file as it is at this moment to another file, while servers go on writing. The other file is there
 * only when it is whole, checked and on disk.
 * @throws {StoreOpenError}
 */
export function backUp(path: string, to: string): void {
  refuseExisting(to)
  const partial = `${to}.partial`
  try {
    rmSync(partial, { force: true })
    const database = openConnection(path, 'read')
    database.prepare('VACUUM INTO ?').run(partial)
    database.close()
    check(partial)
    finish(partial, to)
  } catch (error) {
    rmSync(partial, { force: true })
    throw error instanceof StoreOpenError
      ? error
      : new StoreOpenError(`The backup failed: ${(error as Error).message}.`)
  }
}

/**
 * Puts a backup where a database should be. There must be none yet.
 * @throws {StoreOpenError}
 */
export function restore(from: string, path: string): void {
  refuseExisting(path)
  if (!existsSync(from)) throw new StoreOpenError(`There is no file ${from}.`)
  check(from)
  makeFolder(dirname(path))
  const partial = `${path}.partial`
  copyFileSync(from, partial)
  finish(partial, path)
}

function refuseExisting(path: string) {
  if (existsSync(path)) throw new StoreOpenError(`${path} is there already. Nothing was changed; move it away first.`)
}

/** @throws {StoreOpenError} when it is damaged, or no database of this program or an earlier one */
function check(path: string) {
  try {
    const database = openConnection(path, 'read')
    try {
      const [result] = database.prepare('PRAGMA integrity_check(1)').all()
      if (result?.integrity_check !== 'ok')
        throw new Error(`damaged: ${String(result?.integrity_check).split('\n')[0]}`)
      requireReadableSchema(database, path)
    } finally {
      database.close()
    }
  } catch (error) {
    throw error instanceof StoreOpenError ? error : explainOpenError(error, path)
  }
}

/** On disk before it has its name, and the name too. */
function finish(partial: string, path: string) {
  for (const suffix of ['-wal', '-shm']) rmSync(partial + suffix, { force: true })
  sync(partial)
  renameSync(partial, path)
  sync(dirname(path))
}

function sync(path: string) {
  const file = openSync(path, 'r')
  fsyncSync(file)
  closeSync(file)
}
