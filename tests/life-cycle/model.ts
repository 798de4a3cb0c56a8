import type { Client } from '../support/client.ts'
import { MI6, type TestProvider, UNIVERSAL_EXPORTS } from '../support/provider.ts'

/**
 * What should be true of every code and token, told in the fewest words: a small model that random walks through the
 * life of grants are checked against.
 */
export interface Model {
  now: number
  active: Record<number, boolean>
  suspended: Record<number, boolean>
  /** Which installation each company has now; a removed one never comes back, a new one has a new number. */
  installation: Record<number, number | undefined>
  installations: number
  codes: { installation: number; company: number; family: number; expiresAt: number; used: boolean }[]
  refreshTokens: {
    text: string
    company: number
    installation: number
    family: number
    expiresAt: number
    usedAt?: number
    successor?: number
  }[]
  accessTokens: { text: string; company: number; installation: number; family: number; expiresAt: number }[]
  ended: Set<number>
  revoked: Set<string>
}

export interface Real {
  provider: TestProvider
  client: Client
  codes: string[]
}

export const COMPANIES = [MI6, UNIVERSAL_EXPORTS]

export const standing = (model: Model, company: number) => model.active[company] && !model.suspended[company]
export const alive = (
  model: Model,
  { company, installation, family }: { company: number; installation: number; family: number },
) => model.installation[company] === installation && !model.ended.has(family)

export function insist(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(what)
}
