import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '../make-folder.ts'
import { makePrivateFile } from '../private-file.ts'
import { StoreOpenError } from '../store.ts'
import { explainOpenError, isDiskFull, openConnection } from './connection.ts'
import { requireReadableSchema } from './migrate.ts'

/** What SQLite keeps beside a database: commits that are not in it yet, and their index. */
const BESIDE = ['-wal', '-journal', '-shm']

/**
 * Writes a database file as it is at this moment to another file, while servers go on writing. The other file is there
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
 * Puts a backup where a database should be, with the commits in a `-wal` beside the backup. There must be no database
 * yet. Files that an earlier database left beside its place are kept under another name: SQLite would take what they
 * hold for commits of the restored one.
 * @returns the files that were set aside
 * @throws {StoreOpenError} when something is there already, or the backup is missing, damaged or no database of ours
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
 * Renames what an earlier database left beside its place, where it holds anything.
 * @returns the new names
 */
export function setLeftoversAside(path: string): string[] {
  if (existsSync(path)) return []
  const kept: string[] = []
  for (const beside of BESIDE) {
    const left = path + beside
    if (!existsSync(left)) continue
    // The index is made again from what it is about.
    if (beside === '-shm' || statSync(left).size === 0) rmSync(left)
    else {
      const name = freeName(`${left}.left`)
      renameSync(left, name)
      kept.push(name)
    }
  }
  return kept
}

function freeName(name: string): string {
  if (!existsSync(name)) return name
  for (let number = 2; ; number++) if (!existsSync(`${name}-${number}`)) return `${name}-${number}`
}

function refuseExisting(path: string) {
  if (existsSync(path)) throw new StoreOpenError(`${path} is there already. Nothing was changed; move it away first.`)
}

function refuseLeftovers(path: string) {
  const left = BESIDE.map(beside => path + beside).find(file => existsSync(file))
  if (left === undefined) return
  throw new StoreOpenError(
    `${left} is left from another database, and would be taken for a part of ${path}. Nothing was changed; move it away, or give another name.`,
  )
}

/** All that is committed, with what a `-wal` beside it holds, as one file that is on disk before it has its name. */
function copyWhole(from: string, to: string) {
  const partial = `${to}.partial`
  try {
    for (const suffix of ['', ...BESIDE]) rmSync(partial + suffix, { force: true })
    makePrivateFile(partial)
    const database = openConnection(from, 'read')
    try {
      database.prepare('VACUUM INTO ?').run(partial)
    } finally {
      database.close()
    }
    check(partial)
    for (const suffix of BESIDE) rmSync(partial + suffix, { force: true })
    sync(partial)
    renameSync(partial, to)
    sync(dirname(to))
  } catch (error) {
    for (const suffix of ['', ...BESIDE]) rmSync(partial + suffix, { force: true })
    throw error
  }
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

function sync(path: string) {
  const file = openSync(path, 'r')
  fsyncSync(file)
  closeSync(file)
}
