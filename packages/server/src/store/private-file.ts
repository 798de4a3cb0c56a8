import { chmodSync, closeSync, openSync, statSync } from 'node:fs'

/** Read and written by its owner alone. */
const PRIVATE = 0o600
const OTHERS = 0o077

/**
 * Makes an empty file that only its owner can read, whatever the umask.
 * @throws the operating system's error, `EEXIST` when it exists already
 */
export function makePrivateFile(path: string): void {
  closeSync(openSync(path, 'wx', PRIVATE))
  chmodSync(path, PRIVATE)
}

/**
 * Creates a database file, or makes an existing one and its side files readable for its owner only. SQLite gives
 * files that it makes later the rights of the database. Files that exist are not opened: closing any of their
 * descriptors would take away the locks of this process's connections (POSIX, fcntl).
 */
export function makePrivateDatabase(path: string): void {
  try {
    makePrivateFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  for (const file of [path, `${path}-wal`, `${path}-shm`]) restrict(file)
}

function restrict(path: string) {
  try {
    if ((statSync(path).mode & OTHERS) !== 0) chmodSync(path, PRIVATE)
  } catch (error) {
    // Not there, or another user's who lets us write: then it is theirs to restrict.
    if (!['ENOENT', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
