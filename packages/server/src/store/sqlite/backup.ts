import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '../make-folder.ts'
import { makePrivateFile } from '../private-file.ts'
import { StoreOpenError } from '../store.ts'
import { explainOpenError, isDiskFull, openConnection } from './connection.ts'
import { requireReadableSchema } from './migrate.ts'

/** SQLite's files for a database: commits that are not in it yet, and their index. */
const SIDE_FILES = ['-wal', '-journal', '-shm']

/**
 * Writes a database file as it is at this moment to another file, while servers keep writing. The other file exists
 * only when it is whole, checked and on disk.
 * @throws {StoreOpenError}
 */
export function backUp(path: string, to: string): void {
  refuseExisting(to)
  refuseLeftovers(to)
  if (!existsSync(dirname(to))) throw new StoreOpenError(`There is no folder ${dirname(to)}. Nothing was changed.`)
  try {
    copyWhole(path, to)
  } catch (error) {
    if (error instanceof StoreOpenError) throw error
    throw isDiskFull(error)
      ? explainOpenError(error, to)
      : new StoreOpenError(`The backup failed: ${(error as Error).message}.`)
  }
}

/**
 * Restores a backup to the path of a database, with the commits in the backup's `-wal`. There must be no database
 * yet. Files that an earlier database left at this path are saved under another name: SQLite would take what they
 * hold for commits of the restored one.
 * @returns the files that were set aside
 * @throws {StoreOpenError} when a file exists already, or the backup is missing, damaged or not a database of ours
 */
export function restore(from: string, path: string): string[] {
  refuseExisting(path)
  if (!existsSync(from)) throw new StoreOpenError(`There is no file ${from}.`)
  check(from)
  makeFolder(dirname(path))
  const setAside = setLeftoversAside(path)
  try {
    copyWhole(from, path)
    check(path)
  } catch (error) {
    throw error instanceof StoreOpenError ? error : explainOpenError(error, path)
  }
  return setAside
}

/**
 * Renames the files that an earlier database left at this path, unless they are empty.
 * @returns the new names
 */
export function setLeftoversAside(path: string): string[] {
  if (existsSync(path)) return []
  const saved: string[] = []
  for (const suffix of SIDE_FILES) {
    const left = path + suffix
    if (!existsSync(left)) continue
    // SQLite rebuilds the index from the WAL.
    if (suffix === '-shm' || statSync(left).size === 0) rmSync(left)
    else {
      const name = freeName(`${left}.left`)
      renameSync(left, name)
      saved.push(name)
    }
  }
  return saved
}

function freeName(name: string): string {
  if (!existsSync(name)) return name
  for (let number = 2; ; number++) if (!existsSync(`${name}-${number}`)) return `${name}-${number}`
}

function refuseExisting(path: string) {
  if (existsSync(path)) throw new StoreOpenError(`${path} exists already. Nothing was changed; move it away first.`)
}

function refuseLeftovers(path: string) {
  const left = SIDE_FILES.map(suffix => path + suffix).find(file => existsSync(file))
  if (left === undefined) return
  throw new StoreOpenError(
    `${left} is left from another database, and SQLite would treat it as a part of ${path}. Nothing was changed; move it away, or choose another path.`,
  )
}

/** Everything that is committed, the WAL included, as one file that is on disk before it gets its name. */
function copyWhole(from: string, to: string) {
  const partial = `${to}.partial`
  try {
    for (const suffix of ['', ...SIDE_FILES]) rmSync(partial + suffix, { force: true })
    makePrivateFile(partial)
    const database = openConnection(from, 'read')
    try {
      database.prepare('VACUUM INTO ?').run(partial)
    } finally {
      database.close()
    }
    check(partial)
    for (const suffix of SIDE_FILES) rmSync(partial + suffix, { force: true })
    sync(partial)
    renameSync(partial, to)
    sync(dirname(to))
  } catch (error) {
    for (const suffix of ['', ...SIDE_FILES]) rmSync(partial + suffix, { force: true })
    throw error
  }
}

/** @throws {StoreOpenError} when it is damaged, or not a database of this program or an earlier one */
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

function sync(path: string) {
  const file = openSync(path, 'r')
  fsyncSync(file)
  closeSync(file)
}
