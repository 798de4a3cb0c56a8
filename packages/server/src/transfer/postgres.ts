import type pg from 'pg'
import { newUnlimitedClient } from '../store/postgres/connection.ts'
import { Session } from '../store/postgres/session.ts'
import { inTransaction } from '../store/postgres/transaction.ts'
import { onConflict, withoutMark } from './sqlite.ts'
import {
  type Source,
  type Target,
  TRANSFER_SETTING,
  type TransferRow,
  type TransferTable,
  transferTables,
} from './tables.ts'

async function connect(url: string): Promise<{ client: pg.Client; session: Session }> {
  const client = newUnlimitedClient(url)
  client.on('error', () => {})
  await client.connect()
  return { client, session: new Session(client, false) }
}

/** Rows of a PostgreSQL database as of one moment; servers keep writing. */
export class PostgresSource implements Source {
  readonly #client: pg.Client
  readonly #session: Session

  private constructor(client: pg.Client, session: Session) {
    this.#client = client
    this.#session = session
  }

  static async open(url: string): Promise<PostgresSource> {
    const { client, session } = await connect(url)
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    return new PostgresSource(client, session)
  }

  async count({ name }: TransferTable): Promise<number> {
    const { rows } = await this.#session.query<{ n: number }>(`SELECT count(*) AS n FROM ${name}${withoutMark(name)}`)
    return rows[0]!.n
  }

  async *read({ name, columns }: TransferTable, batch: number): AsyncIterable<TransferRow[]> {
    const select = `SELECT ${columns.join()} FROM ${name}${withoutMark(name)}`
    await this.#session.query(`DECLARE transfer NO SCROLL CURSOR FOR ${select}`)
    for (;;) {
      const { rows } = await this.#session.query<TransferRow>(`FETCH ${batch} FROM transfer`)
      if (rows.length > 0) yield rows
      if (rows.length < batch) break
    }
    await this.#session.query('CLOSE transfer')
  }

  async close() {
    await this.#client.end()
  }
}

/** A PostgreSQL database that is filled. Nothing else uses it. */
export class PostgresTarget implements Target {
  readonly #url: string
  readonly #client: pg.Client
  readonly #session: Session

  private constructor(url: string, client: pg.Client, session: Session) {
    this.#url = url
    this.#client = client
    this.#session = session
  }

  static async open(url: string): Promise<PostgresTarget> {
    const { client, session } = await connect(url)
    return new PostgresTarget(url, client, session)
  }

  async isEmpty() {
    for (const { name } of transferTables) {
      if ((await this.#session.query(`SELECT 1 FROM ${name} LIMIT 1`)).count > 0) return false
    }
    return true
  }

  async insert(table: TransferTable, rows: readonly TransferRow[], setting?: string | null) {
    await inTransaction(this.#session, async () => {
      await this.#insertAll(table, rows, '')
      if (setting !== undefined) await this.writeSetting(setting)
    })
  }

  async upsert(table: TransferTable, rows: readonly TransferRow[]) {
    await this.#insertAll(table, rows, onConflict(table, Object.keys(rows[0] ?? {})))
  }

  async find(table: TransferTable, keys: readonly TransferRow[]) {
    const { rows } = await this.#session.query<TransferRow>(
      `SELECT ${table.columns.map(column => `t.${column}`).join()} FROM ${table.name} AS t JOIN ${recordset(table)} AS k ON ${sameKey(table)}`,
      [asJson(keys)],
    )
    return rows
  }

  async remove(table: TransferTable, keys: readonly TransferRow[]) {
    await this.#session.query(`DELETE FROM ${table.name} AS t USING ${recordset(table)} AS k WHERE ${sameKey(table)}`, [
      asJson(keys),
    ])
  }

  async readSetting() {
    const { rows } = await this.#session.query<{ value: string }>('SELECT value FROM settings WHERE name = $1', [
      TRANSFER_SETTING,
    ])
    return rows[0]?.value
  }

  async writeSetting(value: string | null) {
    if (value === null) await this.#session.query('DELETE FROM settings WHERE name = $1', [TRANSFER_SETTING])
    else {
      await this.#session.query(
        'INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
        [TRANSFER_SETTING, value],
      )
    }
  }

  async clear() {
    await this.#session.query(`TRUNCATE ${transferTables.map(({ name }) => name).join()}`)
  }

  reread() {
    return PostgresSource.open(this.#url)
  }

  async close() {
    await this.#client.end()
  }

  async #insertAll(table: TransferTable, rows: readonly TransferRow[], suffix: string) {
    if (rows.length === 0) return
    const columns = Object.keys(rows[0]!).join()
    await this.#session.query(
      `INSERT INTO ${table.name} (${columns}) SELECT ${columns} FROM ${recordset(table)}${suffix}`,
      [asJson(rows)],
    )
  }
}

/** Rows sent as one JSON text, read by the table's own types. */
function recordset({ name }: TransferTable): string {
  return `json_populate_recordset(NULL::${name}, $1::json)`
}

function sameKey({ key }: TransferTable): string {
  return key.map(name => `t.${name} = k.${name}`).join(' AND ')
}

/** Bytes as PostgreSQL reads them. */
function asJson(rows: readonly TransferRow[]): string {
  return JSON.stringify(rows, function replace(this: TransferRow, name, value) {
    const given = this[name]
    return given instanceof Uint8Array ? `\\x${Buffer.from(given).toString('hex')}` : value
  })
}
