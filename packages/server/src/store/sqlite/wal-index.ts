import { openSync, readSync, statSync } from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Tells a connection that does not write itself whether others have committed. */
export interface CommitSignal {
  /** Whether anything may have been committed since the last call. */
  hasMoved(): boolean
  /** Whether, at the last look, the WAL had this many pages and some that are not in the database file; true if unknown. */
  isWalLong(pages: number): boolean
}

/**
 * Chooses how commits of other connections are noticed.
 * @param useWalIndex whether the WAL index may be read; it is only on Linux, where mapped memory and the file are one
 */
export function openCommitSignal(database: DatabaseSync, path: string, useWalIndex: boolean): CommitSignal {
  if (!useWalIndex || process.platform !== 'linux') return new DataVersion(database)
  try {
    return new WalIndexHeader(path)
  } catch {
    return new DataVersion(database)
  }
}

/** `PRAGMA data_version` (https://sqlite.org/pragma.html#pragma_data_version): works everywhere. */
class DataVersion implements CommitSignal {
  readonly #version: StatementSync
  #seen: unknown

  constructor(database: DatabaseSync) {
    this.#version = database.prepare('PRAGMA data_version')
    this.#seen = this.#read()
  }

  hasMoved(): boolean {
    const version = this.#read()
    const hasMoved = version !== this.#seen
    this.#seen = version
    return hasMoved
  }

  isWalLong(): boolean {
    return true
  }

  #read(): unknown {
    return this.#version.get()?.data_version
  }
}

/** The header's size, and where it has `mxFrame`: how many pages the WAL has. */
const HEADER_WORDS = 12
const FRAMES = 4
/** Behind the header and its copy: `nBackfill`, how many of them are in the database file as well. */
const BACKFILLED = 2 * HEADER_WORDS

/**
 * The header of SQLite's WAL index (https://sqlite.org/walformat.html#the_wal_index_file_format), in the `-shm` file that
 * all connections map. Every commit changes it before the commit returns: while it is the same, nothing was committed.
 * Reading it takes a third of the time of `PRAGMA data_version`, which locks and unlocks.
 */
class WalIndexHeader implements CommitSignal {
  readonly #file: number
  readonly #now = new Int32Array(BACKFILLED + 1)
  readonly #seen = new Int32Array(HEADER_WORDS)

  constructor(path: string) {
    this.#file = openOnce(`${path}-shm`)
    this.hasMoved()
  }

  isWalLong(pages: number): boolean {
    const frames = this.#now[FRAMES]!
    return frames >= pages && this.#now[BACKFILLED]! < frames
  }

  hasMoved(): boolean {
    const now = this.#now
    const seen = this.#seen
    // A header that cannot be read completely says nothing.
    let hasMoved = readSync(this.#file, now, 0, now.byteLength, 0) !== now.byteLength
    for (let word = 0; word < HEADER_WORDS; word++) {
      if (now[word] === seen[word]) continue
      seen[word] = now[word]!
      hasMoved = true
    }
    return hasMoved
  }
}

const opened = new Map<string, number>()

/**
 * Opened once per process and never closed: closing any descriptor of a file drops the locks that SQLite's connections in
 * this process hold on it (POSIX, fcntl).
 */
function openOnce(path: string): number {
  const { dev, ino } = statSync(path, { bigint: true })
  const key = `${dev} ${ino}`
  const known = opened.get(key)
  if (known !== undefined) return known
  const file = openSync(path, 'r')
  opened.set(key, file)
  return file
}
