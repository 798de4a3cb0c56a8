import { columnsAs } from '../columns.ts'

/** A row of several tables, whose columns have names of their own. */
export type JoinedRow = Record<string, unknown>

/** The columns of a table in a query of several: under names of their own, since several tables have some of them. */
export function joined<Alias extends string, Column extends string>(alias: Alias, names: readonly Column[]) {
  const pairs = names.map(name => [name, `${alias}_${name}`] as const)
  return {
    columns: columnsAs(alias, names).map((column, index) => `${column} as ${alias}_${names[index]!}` as const),
    /** What was selected of the table. */
    of<Row>(row: JoinedRow): Row {
      const own: JoinedRow = {}
      for (const [name, joinedName] of pairs) own[name] = row[joinedName]
      return own as Row
    },
  }
}
