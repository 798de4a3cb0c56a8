import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { Schema } from '../schema.ts'

/** A condition that holds only while a row has the values that were read, null or not. The key is compared beside it. */
export function asRead<Table extends keyof Schema>(
  values: Partial<Schema[Table]>,
): (eb: ExpressionBuilder<Schema, Table>) => Expression<SqlBool> {
  return eb =>
    eb.and(
      Object.entries(values).map(([column, value]) =>
        eb(column as Parameters<typeof eb>[0], 'is not distinct from', value as never),
      ),
    )
}
