import type { Client } from '../support/client.ts'
import type { Person } from '../support/person.ts'
import type { TestProvider } from '../support/provider.ts'

/**
 * What should be true of an app that a company's members and its administrators allow, told in the fewest words: random histories are
 * checked against it. Scopes are sets of names.
 */
export interface Model {
  members: Record<number, { active: boolean; isAdmin: boolean } | undefined>
  /** The installation of the company. Each installation has a number of its own, and a removed one never comes back. */
  company: { number: number; scopes: Set<string>; audience: 'all' | 'named' } | undefined
  own: Record<number, { number: number; kind: 'user' | 'member'; scopes: Set<string> } | undefined>
  access: Record<number, 'allowed' | 'excluded' | null>
  leftOut: Record<number, boolean>
  isBlocked: boolean
  installations: number
  tokens: { access: string; refresh: string | undefined; who: number | 'app'; number: number; scopes: Set<string> }[]
}

export interface Real {
  provider: TestProvider
  client: Client
  companyId: number
  /** Browsers of the members, who are signed in. */
  browsers: Record<number, Person>
}

export const SCOPES = ['base', 'users:read', 'profile']

export const newModel = (admin: number, member: number): Model => ({
  members: { [admin]: { active: true, isAdmin: true }, [member]: { active: true, isAdmin: false } },
  company: undefined,
  own: {},
  access: {},
  leftOut: {},
  isBlocked: false,
  installations: 0,
  tokens: [],
})

/** Whether the company's installation may act for a member. */
export function isServed({ company, access }: Model, user: number): boolean {
  const said = access[user] ?? null
  return company?.audience === 'named' ? said === 'allowed' : said !== 'excluded'
}

/** Whether a member may come as far as being asked. */
export function mayUse(model: Model, user: number): boolean {
  if (!model.members[user]?.active || model.isBlocked) return false
  return model.company === undefined || isServed(model, user)
}

export function isAlive({ company, own }: Model, { who, number }: Model['tokens'][number]): boolean {
  return (who === 'app' ? company : own[who])?.number === number
}

export function isStanding({ members, isBlocked }: Model, { who }: Model['tokens'][number]): boolean {
  return !isBlocked && (who === 'app' || members[who]?.active === true)
}

export const isWithin = (scopes: Iterable<string>, of: Set<string>) => [...scopes].every(scope => of.has(scope))
export const common = (one: Set<string>, other: Set<string>) => new Set([...one].filter(scope => other.has(scope)))
export const less = (one: Set<string>, other: Set<string>) => new Set([...one].filter(scope => !other.has(scope)))
export const textOf = (scopes: Set<string>) => SCOPES.filter(scope => scopes.has(scope)).join(' ')
