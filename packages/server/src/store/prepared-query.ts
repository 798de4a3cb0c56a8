import type { CompiledQuery, Kysely } from 'kysely'
import type { Schema } from './schema.ts'
import type { Statement, Store } from './store.ts'

interface Compilable<Row> {
  compile(): CompiledQuery<Row>
}

/** Stands for a value while a query is built. */
class Placeholder {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
  [Symbol.toPrimitive](): never {
    throw new Error(`A kept query cannot look at its values: ${this.name}.`)
  }
}

interface Kept<Row> {
  query: CompiledQuery<Row>
  /** What each parameter is: the name of a value, or a value of the query's own. */
  parameters: readonly unknown[]
}

/**
 * A query that is built and compiled once for each database, and run with other values each time: for what is asked so
 * often that building it would cost more than running it.
 */
export class PreparedQuery<Values extends object, Row = unknown> {
  readonly #build: (db: Kysely<Schema>, values: Values) => Compilable<Row>
  readonly #kept = new WeakMap<Kysely<Schema>, Kept<Row>>()

  /** @param build is given placeholders: it may not look at the values, nor decide by them */
  constructor(build: (db: Kysely<Schema>, values: Values) => Compilable<Row>) {
    this.#build = build
  }

  async first(store: Store, values: Values): Promise<Row | undefined> {
    const { rows } = await store.db.executeQuery(this.compile(store, values))
    return rows[0]
  }

  /** A write that may touch any number of rows. */
  statement(store: Store, values: Values): Statement {
    const { sql, parameters } = this.compile(store, values)
    return { sql, parameters }
  }

  /** A write whose decision holds only if it touches (or returns) exactly `count` rows. */
  expecting(count: number, store: Store, values: Values): Statement {
    return { ...this.statement(store, values), expect: count }
  }

  compile({ db }: Store, values: Values): CompiledQuery<Row> {
    const { query, parameters } = this.#keep(db)
    return {
      ...query,
      parameters: parameters.map(each => (each instanceof Placeholder ? values[each.name as keyof Values] : each)),
    }
  }

  #keep(db: Kysely<Schema>): Kept<Row> {
    const known = this.#kept.get(db)
    if (known) return known
    const placeholders = new Proxy({}, { get: (_, name) => new Placeholder(String(name)) }) as Values
    const query = this.#build(db, placeholders).compile()
    const kept = { query, parameters: query.parameters }
    this.#kept.set(db, kept)
    return kept
  }
}
