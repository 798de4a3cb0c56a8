import type { Schema } from './schema.ts'

type Row<Table extends keyof Schema> = Schema[Table]

/** @param names every column of the table: the compiler misses one that is left out */
export function columnsOf<Table extends keyof Schema>(names: Record<keyof Row<Table>, true>) {
  return Object.keys(names) as (keyof Row<Table> & string)[]
}
