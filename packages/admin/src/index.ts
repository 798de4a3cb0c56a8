import createClient, { type Client } from 'openapi-fetch'
import type { components, paths } from './generated/api.ts'

export { type BulkLine, type BulkResult, bulk } from './bulk.ts'
export type { components, paths } from './generated/api.ts'
export { pages } from './pages.ts'
export { AdminError, type FieldError, type Problem, unwrap } from './problem.ts'

/** The shapes of the API by their names: `Schemas['Company']`. */
export type Schemas = components['schemas']

/** Calls of the admin API, each with the types of its path. */
export type AdminClient = Client<paths>

export interface AdminOptions {
  /** The provider's origin, with its path if it has one: `https://id.example.com`. */
  origin: string
  /** An admin key, as `tenantry admin-key create` prints it. */
  key: string
  /** What sends requests; the global `fetch` when not set. */
  fetch?: (request: Request) => Promise<Response>
}

/**
 * A client of the admin API. Paths, parameters, bodies and answers are typed; `unwrap` gives what was answered, or throws what went wrong.
 * @example
 * ```ts
 * import { createAdminClient, unwrap } from '@tenantry/admin'
 * const admin = createAdminClient({ origin: 'https://id.example.com', key: process.env.TENANTRY_ADMIN_KEY! })
 * const company = unwrap(
 *   await admin.PUT('/admin/v1/companies/{company_id}', {
 *     params: { path: { company_id: 1 } },
 *     body: { name: 'Universal Exports', domain: 'universal-exports' },
 *   }),
 * )
 * console.log(company.company_id)
 * ```
 */
export function createAdminClient({ origin, key, fetch }: AdminOptions): AdminClient {
  return createClient<paths>({
    baseUrl: origin.replace(/\/$/, ''),
    headers: { Authorization: `Bearer ${key}` },
    ...(fetch && { fetch }),
  })
}
