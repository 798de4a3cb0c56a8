import type { DatabaseSync } from 'node:sqlite'
import { FROZEN } from '../store/sqlite/batch.ts'
import { openConnection, type SqlValue } from '../store/sqlite/connection.ts'
import { inTransaction } from '../store/sqlite/transaction.ts'
import { byKey } from './sqlite.ts'
import { type TransferRow, type TransferTable, transferTables } from './tables.ts'

const EVENTS = ['INSERT', 'UPDATE', 'DELETE'] as const

/** A row that was changed: what is at this key now is what counts. */
interface Change {
  table: TransferTable
  key: TransferRow
}

/** What was changed up to one moment, and the rows as they were then. */
export interface Changes {
  /** To be asked after next time. */
  last: number
  /** By table, each key once, and the row at it, if there is one. */
  byTable: Map<TransferTable, { key: TransferRow; row: TransferRow | undefined }[]>
  size: number
}

/**
 * Writes down which rows of a database file change while it is copied, by triggers in the same transactions as the
 * changes; and can refuse all changes, in every program at once.
 */
export class SqliteChangeLog {
  readonly #database: DatabaseSync

  constructor(path: string) {
    this.#database = openConnection(path, 'write')
  }

  start() {
    inTransaction(this.#database, () => {
      this.#drop('copy')
      this.#database.exec('DROP TABLE IF EXISTS copy_changes')
      this.#database.exec(
        'CREATE TABLE copy_changes (seq INTEGER PRIMARY KEY AUTOINCREMENT, table_name TEXT, key TEXT)',
      )
      for (const table of transferTables) {
        for (const event of EVENTS) {
          const side = event === 'DELETE' ? 'old' : 'new'
          this.#database.exec(`CREATE TRIGGER copy_${table.name}_${event} AFTER ${event} ON ${table.name} BEGIN
            INSERT INTO copy_changes (table_name, key) VALUES ('${table.name}', json_object(${keyParts(table, side)}));
          END`)
        }
      }
    })
  }

  /** What changed after `last`, all from one moment. */
  read(last: number): Changes {
    this.#database.exec('BEGIN')
    try {
      const rows = this.#database
        .prepare('SELECT seq, table_name, key FROM copy_changes WHERE seq > ? ORDER BY seq')
        .all(last) as unknown as { seq: number; table_name: string; key: string }[]
      const distinct = new Map(rows.map(({ table_name, key }) => [`${table_name} ${key}`, readChange(table_name, key)]))
      const byTable: Changes['byTable'] = new Map()
      for (const { table, key } of distinct.values()) {
        const entries = byTable.get(table) ?? []
        entries.push({ key, row: this.#find(table, key) })
        byTable.set(table, entries)
      }
      return { last: rows.at(-1)?.seq ?? last, byTable, size: distinct.size }
    } finally {
      this.#database.exec('COMMIT')
    }
  }

  /** From now on every change is refused, whichever program asks for it. */
  freeze() {
    inTransaction(this.#database, () => {
      for (const { name } of transferTables) {
        for (const event of EVENTS) {
          this.#database.exec(`CREATE TRIGGER IF NOT EXISTS frozen_${name}_${event} BEFORE ${event} ON ${name} BEGIN
            SELECT RAISE(ABORT, '${FROZEN}');
          END`)
        }
      }
    })
  }

  thaw() {
    inTransaction(this.#database, () => this.#drop('frozen'))
  }

  isFrozen(): boolean {
    return (
      this.#database
        .prepare("SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'frozen\\_%' ESCAPE '\\'")
        .get() !== undefined
    )
  }

  stop() {
    inTransaction(this.#database, () => {
      this.#drop('copy')
      this.#database.exec('DROP TABLE IF EXISTS copy_changes')
    })
  }

  close() {
    this.#database.close()
  }

  #find(table: TransferTable, key: TransferRow): TransferRow | undefined {
    const statement = this.#database.prepare(`SELECT ${table.columns.join()} FROM ${table.name} WHERE ${byKey(table)}`)
    const row = statement.get(...table.key.map(column => key[column] as SqlValue))
    return row && { ...(row as TransferRow) }
  }

  #drop(kind: 'copy' | 'frozen') {
    for (const { name } of transferTables) {
      for (const event of EVENTS) this.#database.exec(`DROP TRIGGER IF EXISTS ${kind}_${name}_${event}`)
    }
  }
}

/** Bytes are written as hexadecimal digits. */
function keyParts({ key }: TransferTable, side: 'old' | 'new'): string {
  return key.map(name => `'${name}', ${isBytes(name) ? `hex(${side}.${name})` : `${side}.${name}`}`).join()
}

function readChange(tableName: string, text: string): Change {
  const table = transferTables.find(({ name }) => name === tableName)!
  const key = Object.entries(JSON.parse(text) as Record<string, string | number>).map(([name, value]) => [
    name,
    isBytes(name) ? Uint8Array.from(Buffer.from(String(value), 'hex')) : value,
  ])
  return { table, key: Object.fromEntries(key) }
}

function isBytes(column: string): boolean {
  return column.endsWith('_hash')
}
