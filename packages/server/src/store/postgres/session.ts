import type { ClientBase } from 'pg'

export interface Rows<Row> {
  rows: Row[]
  /** Rows returned or touched. */
  count: number
}

/** One connection, while it is in use. */
export class Session {
  readonly #client: ClientBase
  readonly #prepares: boolean

  constructor(client: ClientBase, prepares: boolean) {
    this.#client = client
    this.#prepares = prepares
  }

  /** Several that are begun at once go out together and are run one after the other. */
  async query<Row = Record<string, unknown>>(sql: string, values: readonly unknown[] = []): Promise<Rows<Row>> {
    const { rows, rowCount } = await this.#client.query(this.#describe(sql, values))
    return { rows: rows as Row[], count: rowCount ?? 0 }
  }

  /** Each row as an array, in the order of its columns. */
  async arrays(sql: string, values: readonly unknown[]): Promise<unknown[][]> {
    const { rows } = await this.#client.query({ ...this.#describe(sql, values), rowMode: 'array' })
    return rows as unknown[][]
  }

  #describe(sql: string, values: readonly unknown[]) {
    const described = { text: sql, values: values as unknown[] }
    const name = this.#prepares && values.length > 0 ? nameOf(sql) : undefined
    return name === undefined ? described : { ...described, name }
  }
}

const names = new Map<string, string>()

/** The most statements that are prepared on a connection. */
const MAX_NAMES = 500

/** What a text is prepared as; those that differ by the length of a list are left out when they are too many. */
function nameOf(sql: string): string | undefined {
  let name = names.get(sql)
  if (name === undefined && names.size < MAX_NAMES) {
    name = `t${names.size}`
    names.set(sql, name)
  }
  return name
}
