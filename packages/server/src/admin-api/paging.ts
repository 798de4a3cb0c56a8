import { z } from '@hono/zod-openapi'
import { AdminProblem } from './problem.ts'

const PAGE = 100
const MAX_PAGE = 1000

/** An id in a path or a query. */
export const idText = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, 'must be a positive integer below 2^53')
  .transform(Number)
  .refine(Number.isSafeInteger, 'must be a positive integer below 2^53')
  .openapi({ type: 'integer', format: 'int64', minimum: 1, maximum: Number.MAX_SAFE_INTEGER, example: 1 })

export const pageQuery = z.object({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, `must be a number from 1 to ${MAX_PAGE}`)
    .transform(Number)
    .refine(limit => limit <= MAX_PAGE, `must be a number from 1 to ${MAX_PAGE}`)
    .optional()
    .openapi({ type: 'integer', minimum: 1, maximum: MAX_PAGE, default: PAGE }),
  cursor: z.string().max(2000).optional().openapi({ description: '`next_cursor` of the page before.' }),
})

export type PageQuery = z.output<typeof pageQuery>

/** A page of rows; `next_cursor` is null on the last one. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ data: z.array(item), next_cursor: z.string().nullable() })

/**
 * Reads one row more than is shown, to know whether there are more.
 * @param keyOf what a row is found by; the next page begins after the last one's
 */
export async function page<Row, Key>(
  { limit = PAGE, cursor }: PageQuery,
  read: (page: { after?: Key; limit: number }) => Promise<Row[]>,
  { keyOf, represent, schema }: { keyOf: (row: Row) => Key; represent: (row: Row) => object; schema: z.ZodType<Key> },
) {
  const rows = await read({ limit: limit + 1, ...(cursor !== undefined && { after: readCursor(cursor, schema) }) })
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  return {
    data: shown.map(represent),
    next_cursor: last === undefined ? null : Buffer.from(JSON.stringify(keyOf(last))).toString('base64url'),
  }
}

function readCursor<Key>(cursor: string, schema: z.ZodType<Key>): Key {
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    const message = 'is not the next_cursor of a page of this list'
    throw new AdminProblem(400, 'invalid_request', `cursor ${message}.`, { errors: [{ path: 'cursor', message }] })
  }
}
