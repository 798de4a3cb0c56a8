import { unwrap } from './problem.ts'

/** An answer with a part of a list. */
interface Page<Item> {
  data: Item[]
  next_cursor: string | null
}

/**
 * All items of a list, page by page as they are asked for.
 * @param read asks for the page after a cursor; the first has none
 * @throws {AdminError} where a page is refused
 * @example
 * ```ts
 * import { createAdminClient, pages } from '@tenantry/admin'
 * const admin = createAdminClient({ origin: 'https://id.example.com', key: process.env.TENANTRY_ADMIN_KEY! })
 * const companies = pages(cursor => admin.GET('/admin/v1/companies', { params: { query: { limit: 500, cursor } } }))
 * for await (const { company_id, name } of companies) console.log(company_id, name)
 * ```
 */
export async function* pages<Item>(
  read: (cursor: string | undefined) => Promise<{ data?: Page<Item>; error?: unknown; response: Response }>,
): AsyncGenerator<Item, void, undefined> {
  let cursor: string | undefined
  do {
    const page: Page<Item> = unwrap(await read(cursor))
    yield* page.data
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
}
