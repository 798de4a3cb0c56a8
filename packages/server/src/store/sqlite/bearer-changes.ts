import { openSync, readSync, statSync } from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { BearerChange, BearerChanges } from '../bearer-cache.ts'
import { CHECKPOINT_PAGES } from './connection.ts'

const NONE: readonly BearerChange[] = []

/** The header's size, and the place of `mxFrame` in it: how many pages the log of writes has. */
const HEADER_WORDS = 12
const FRAMES = 4
/** Behind the header and its copy: `nBackfill`, how many of them are in the database as well. */
const BACKFILLED = 2 * HEADER_WORDS

/**
 * The header of SQLite's WAL index (https://sqlite.org/walformat.html#the_wal_index_file_format), in the file beside the
 * database that all its connections share as memory. Every commit changes it, before it is answered: as long as it is
 * the same, nothing was committed. Reading it takes a third of what `PRAGMA data_version` does, which locks and unlocks.
 * Linux shows mapped memory and the file as one; elsewhere it is not relied on.
 */
class WalIndexHeader {
  readonly #file: number
  readonly #now = new Int32Array(BACKFILLED + 1)
  readonly #seen = new Int32Array(HEADER_WORDS)

  constructor(path: string) {
    this.#file = openOnce(`${path}-shm`)
  }

  /** Whether at the last look the log had so many pages, and some that only it has. */
  isLong(pages: number): boolean {
    const frames = this.#now[FRAMES]!
    return frames >= pages && this.#now[BACKFILLED]! < frames
  }

  /** Whether it is another one than the last time. */
  hasMoved(): boolean {
    const now = this.#now
    const seen = this.#seen
    // One that cannot be read whole says nothing.
    let moved = readSync(this.#file, now, 0, now.byteLength, 0) !== now.byteLength
    for (let word = 0; word < HEADER_WORDS; word++) {
      if (now[word] === seen[word]) continue
      seen[word] = now[word]!
      moved = true
    }
    return moved
  }
}

const opened = new Map<string, number>()

/**
 * Opened once in this process and never closed: closing any of a file's descriptors would take away the locks that
 * SQLite's connections in this process hold on it (POSIX, fcntl).
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

function openWalIndexHeader(path: string): WalIndexHeader | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    return new WalIndexHeader(path)
  } catch {
    return undefined
  }
}

/**
 * What changed, told apart from what did not by `PRAGMA data_version`, which moves whenever another connection has
 * committed; then by the log that was written with it. Only for a connection that does not write itself.
 */
export class SqliteBearerChanges implements BearerChanges {
  readonly #version: StatementSync
  readonly #after: StatementSync
  readonly #header: WalIndexHeader | undefined
  readonly #schemaVersion: StatementSync
  #seenVersion: unknown
  #seenSchemaVersion: unknown
  /** The newest change that was read; undefined while the log was empty. */
  #last: LoggedChange | undefined
  #commits = 0
  /** That something was committed, and what is not known yet. */
  #isBehind = false

  constructor(database: DatabaseSync, path: string) {
    this.#version = database.prepare('PRAGMA data_version')
    this.#version.setReturnArrays(true)
    this.#schemaVersion = database.prepare('PRAGMA schema_version')
    this.#schemaVersion.setReturnArrays(true)
    // The last one that was read comes first, if it is still there.
    this.#after = database.prepare(
      'SELECT seq, company_id, user_id, token_hash, client_id FROM bearer_changes WHERE seq >= ? ORDER BY seq',
    )
    // The first read makes the WAL index.
    database.prepare('SELECT 1 FROM bearer_changes').get()
    this.#header = openWalIndexHeader(path)
    this.#header?.hasMoved()
    this.#seenVersion = readPragma(this.#version)
    this.#seenSchemaVersion = readPragma(this.#schemaVersion)
    const newest = database.prepare(
      'SELECT seq, company_id, user_id, token_hash, client_id FROM bearer_changes ORDER BY seq DESC LIMIT 1',
    )
    this.#last = newest.get() as unknown as LoggedChange | undefined
  }

  /** Grows whenever something was committed before a poll. */
  get commits(): number {
    return this.#commits
  }

  /** Whether nobody is to keep a snapshot open now, so that the log of writes can end; or that cannot be told. */
  get isLogLong(): boolean {
    return this.#header?.isLong(CHECKPOINT_PAGES) ?? true
  }

  poll(): readonly BearerChange[] | 'lost' {
    // Each is read before what it tells of: a commit between the two is told of once more, and never missed.
    const hasMoved = this.#header?.hasMoved() ?? true
    if (!hasMoved && !this.#isBehind) return NONE
    this.#isBehind = true
    this.#commits += 1
    const changed = this.#read()
    this.#isBehind = false
    return changed
  }

  #read(): readonly BearerChange[] | 'lost' {
    const version = readPragma(this.#version)
    if (version === this.#seenVersion) return NONE
    const schemaVersion = readPragma(this.#schemaVersion)
    const last = this.#last
    const rows = this.#after.all(last?.seq ?? 0) as unknown as LoggedChange[]
    this.#seenVersion = version
    this.#last = rows.at(-1)
    // SQLite raises it when a database is restored over this one, as it does when tables change.
    const isSameDatabase = schemaVersion === this.#seenSchemaVersion
    this.#seenSchemaVersion = schemaVersion
    if (!isSameDatabase) return 'lost'
    if (last === undefined) return rows.length === 0 || rows[0]!.seq === 1 ? rows : 'lost'
    // A log without what was read from it before was cleaned, or is another one.
    const [known, ...changes] = rows
    return known !== undefined && isSameChange(known, last) ? changes : 'lost'
  }
}

type LoggedChange = BearerChange & { seq: number }

function isSameChange(one: LoggedChange, other: LoggedChange): boolean {
  return (
    one.seq === other.seq &&
    one.company_id === other.company_id &&
    one.user_id === other.user_id &&
    one.client_id === other.client_id &&
    Buffer.from(one.token_hash ?? []).equals(Buffer.from(other.token_hash ?? []))
  )
}

function readPragma(pragma: StatementSync): unknown {
  return (pragma.get() as unknown as unknown[])[0]
}
