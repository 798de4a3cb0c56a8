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
    throw new Error(`A prepared query cannot read its values while it is built: ${this.name}.`)
  }
}

interface Prepared<Row> {
  query: CompiledQuery<Row>
  /** What each parameter is: the name of a value, or a value of the query's own. */
  parameters: readonly unknown[]
}

/**
 * A query that is built and compiled once per database and run with different values: for statements that run so
 * often that building them would cost more than running them.
 */
export class PreparedQuery<Values extends object, Row = unknown> {
  readonly #build: (db: Kysely<Schema>, values: Values) => Compilable<Row>
  readonly #prepared = new WeakMap<Kysely<Schema>, Prepared<Row>>()

  /** @param build gets placeholders: it must not read the values or depend on them */
  constructor(build: (db: Kysely<Schema>, values: Values) => Compilable<Row>) {
    this.#build = build
  }

  async first(store: Store, values: Values): Promise<Row | undefined> {
    const rows = store.read(this.compile(store, values))
    return (rows instanceof Promise ? await rows : rows)[0]
  }

  async all(store: Store, values: Values): Promise<Row[]> {
    return store.read(this.compile(store, values))
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
    const { query, parameters } = this.#prepare(db)
    return {
      ...query,
      parameters: parameters.map(each => (each instanceof Placeholder ? values[each.name as keyof Values] : each)),
    }
  }

  #prepare(db: Kysely<Schema>): Prepared<Row> {
    const known = this.#prepared.get(db)
    if (known) return known
    const placeholders = new Proxy({}, { get: (_, name) => new Placeholder(String(name)) }) as Values
    const query = this.#build(db, placeholders).compile()
    const prepared = { query, parameters: query.parameters }
    this.#prepared.set(db, prepared)
    return prepared
  }
}

/** Longer lists are rare, and each length would be kept. */
const LONGEST_KEPT = 32

/**
 * The queries for lists of values, one for each length: its text depends on that. Item 0 of a list is the value `0`, and so on, so
 * that a list is spread into the values.
 */
export function byLength<Query>(build: (length: number) => Query): (length: number) => Query {
  const known = new Map<number, Query>()
  return length => {
    const query = known.get(length) ?? build(length)
    if (length <= LONGEST_KEPT) known.set(length, query)
    return query
  }
}

/** The items of a list that was spread into the values. */
export function itemsOf<Item>(values: Record<number, Item>, length: number): Item[] {
  return Array.from({ length }, (_, index) => values[index]!)
}
