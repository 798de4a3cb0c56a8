import type { AdminContext } from './environment.ts'
import { AdminProblem } from './problem.ts'

/**
 * The company that a request is about, where its path does not say: the one of a key that is held to one.
 * @param asked what the request says
 * @throws {AdminProblem} 403 for another company than that of the key
 */
export function onlyCompany(c: AdminContext, asked: number | undefined): number | undefined {
  const { company_id } = c.var.key
  if (company_id === null || asked === company_id) return asked
  if (asked === undefined) return company_id
  throw new AdminProblem(403, 'forbidden', `This admin key may administer company ${company_id} only.`)
}
