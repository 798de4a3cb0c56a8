import type { RequestContext } from '../http/environment.ts'
import { queryParameter } from '../http/form.ts'
import type { Language } from '../pages/languages.ts'
import { say } from '../pages/messages.ts'
import type { AppFacts } from '../store/queries/apps.ts'
import { countPeople, findApps, listKnownApps } from '../store/queries/company-console.ts'

/** Apps on one page. */
const PAGE = 50
/** Apps of a company that are put in order; agents that register themselves can be many. */
const MOST = 5000
/** People who are counted; beyond it the page says that there are more. */
export const COUNTED = 1000

export interface KnownApps {
  apps: { app: AppFacts; people: number }[]
  /** The number of the next page, if there is one. */
  next: number | undefined
}

/** The apps that people at a company use and those that were decided on, by name: the page `page` of them, from 1. */
export async function pageOfKnownApps(c: RequestContext, companyId: number, language: Language): Promise<KnownApps> {
  const { store } = c.var.runtime
  const asked = Number(queryParameter(c, 'page') ?? 1)
  const page = Number.isSafeInteger(asked) && asked > 0 ? asked : 1
  const { compare } = new Intl.Collator(language, { numeric: true })
  const known = (await listKnownApps(store, companyId, MOST)).toSorted(
    (a, b) => compare(a.name, b.name) || (a.client_id < b.client_id ? -1 : 1),
  )
  const ids = known.slice((page - 1) * PAGE, page * PAGE).map(each => each.client_id)
  const [apps, people] = await Promise.all([findApps(store, ids), countPeople(store, companyId, ids, COUNTED)])
  return {
    apps: ids.flatMap(id => (apps.has(id) ? [{ app: apps.get(id)!, people: people.get(id) ?? 0 }] : [])),
    next: known.length > page * PAGE ? page + 1 : undefined,
  }
}

export function sayPeople(language: Language, count: number): string {
  return count > COUNTED
    ? say(language, 'console.people.many', { count: COUNTED })
    : say(language, 'console.people', { count })
}
