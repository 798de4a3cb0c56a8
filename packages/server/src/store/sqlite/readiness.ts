import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { NotReady, StoreOpenError } from '../store.ts'

/**
 * Whether the operating system lets this program write a database file, SQLite's files for it, and the folder
 * that both lie in.
 * @throws {NotReady}
 */
export function requireWritable(path: string): void {
  for (const place of [path, `${path}-wal`, `${path}-shm`, dirname(path)]) {
    if (!existsSync(place)) continue
    try {
      accessSync(place, constants.W_OK)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new NotReady('read_only', `${place} cannot be written to (${code})`, { cause: error })
    }
  }
}

/**
 * The same before a database is opened: SQLite would open one that it can only read, and the first write would fail.
 * @throws {StoreOpenError}
 */
export function requireWritablePlace(path: string): void {
  try {
    requireWritable(path)
  } catch (error) {
    throw new StoreOpenError(`${(error as Error).message}. Give this user the right to write there.`)
  }
}
