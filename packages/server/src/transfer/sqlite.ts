import type { DatabaseSync } from 'node:sqlite'
import { openConnection, type SqlValue } from '../store/sqlite/connection.ts'
import { inTransaction } from '../store/sqlite/transaction.ts'
import {
  ownSettings,
  type Source,
  type Target,
  TRANSFER_SETTING,
  type TransferRow,
  type TransferTable,
  transferTables,
} from './tables.ts'

/** Rows of a database file as of one moment; servers keep writing. */
export class SqliteSource implements Source {
  readonly #database: DatabaseSync

  constructor(path: string) {
    this.#database = openConnection(path, 'read')
    this.#database.exec('BEGIN')
    // The moment is that of the first read.
    this.#database.prepare('SELECT 1 FROM migrations').get()
  }

  async count({ name }: TransferTable): Promise<number> {
    return Number(this.#database.prepare(`SELECT count(*) AS n FROM ${name}${withoutMark(name)}`).get()?.n)
  }

  async *read({ name, columns }: TransferTable, batch: number): AsyncIterable<TransferRow[]> {
    let rows: TransferRow[] = []
    for (const row of this.#database.prepare(`SELECT ${columns.join()} FROM ${name}${withoutMark(name)}`).iterate()) {
      rows.push(plain(row as TransferRow))
      if (rows.length < batch) continue
      yield rows
      rows = []
    }
    if (rows.length > 0) yield rows
  }

  async close() {
    this.#database.close()
  }
}

/** A database file that is filled. Nothing else uses it. */
export class SqliteTarget implements Target {
  readonly #path: string
  readonly #database: DatabaseSync

  constructor(path: string) {
    this.#path = path
    this.#database = openConnection(path, 'write')
  }

  async isEmpty() {
    return transferTables.every(
      ({ name }) => this.#database.prepare(`SELECT 1 FROM ${name} LIMIT 1`).get() === undefined,
    )
  }

  async insert(table: TransferTable, rows: readonly TransferRow[], setting?: string | null) {
    inTransaction(this.#database, () => {
      this.#insertAll(table, rows, '')
      if (setting !== undefined) this.#setSetting(setting)
    })
  }

  async upsert(table: TransferTable, rows: readonly TransferRow[]) {
    inTransaction(this.#database, () => this.#insertAll(table, rows, onConflict(table, Object.keys(rows[0] ?? {}))))
  }

  async find(table: TransferTable, keys: readonly TransferRow[]) {
    const statement = this.#database.prepare(`SELECT ${table.columns.join()} FROM ${table.name} WHERE ${byKey(table)}`)
    const found = keys.map(key => statement.get(...table.key.map(name => key[name] as SqlValue)))
    return found.filter(row => row !== undefined).map(row => plain(row as TransferRow))
  }

  async remove(table: TransferTable, keys: readonly TransferRow[]) {
    const statement = this.#database.prepare(`DELETE FROM ${table.name} WHERE ${byKey(table)}`)
    inTransaction(this.#database, () => {
      for (const key of keys) statement.run(...table.key.map(name => key[name] as SqlValue))
    })
  }

  async readSetting() {
    const row = this.#database.prepare('SELECT value FROM settings WHERE name = ?').get(TRANSFER_SETTING)
    return row?.value as string | undefined
  }

  async writeSetting(value: string | null) {
    this.#setSetting(value)
  }

  async clear() {
    inTransaction(this.#database, () => {
      for (const { name } of transferTables.toReversed()) this.#database.exec(`DELETE FROM ${name}`)
    })
  }

  async reread() {
    return new SqliteSource(this.#path)
  }

  async close() {
    this.#database.close()
  }

  #insertAll({ name }: TransferTable, rows: readonly TransferRow[], suffix: string) {
    const [first] = rows
    if (!first) return
    const columns = Object.keys(first)
    const statement = this.#database.prepare(
      `INSERT INTO ${name} (${columns.join()}) VALUES (${columns.map(() => '?').join()})${suffix}`,
    )
    for (const row of rows) statement.run(...columns.map(column => row[column] as SqlValue))
  }

  #setSetting(value: string | null) {
    if (value === null) this.#database.prepare('DELETE FROM settings WHERE name = ?').run(TRANSFER_SETTING)
    else {
      this.#database
        .prepare(
          'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
        )
        .run(TRANSFER_SETTING, value)
    }
  }
}

/** Which columns a row's own replace, when one with its key is there. */
export function onConflict({ key }: TransferTable, columns: readonly string[]): string {
  const others = columns.filter(column => !key.includes(column))
  if (others.length === 0) return ` ON CONFLICT (${key.join()}) DO NOTHING`
  return ` ON CONFLICT (${key.join()}) DO UPDATE SET ${others.map(column => `${column} = excluded.${column}`).join()}`
}

/** The mark of a database that is being filled is that database's own. */
export function withoutMark(table: string): string {
  return table === 'settings' ? ` WHERE name NOT IN (${ownSettings.map(name => `'${name}'`).join()})` : ''
}

export function byKey({ key }: TransferTable): string {
  return key.map(name => `${name} = ?`).join(' AND ')
}

function plain(row: TransferRow): TransferRow {
  return { ...row }
}
