import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect } from 'vitest'
import { isOfTests } from './distribution-rules.ts'

/** What grows with the number of people who use a provider. */
const LARGE = [
  'companies',
  'users',
  'user_companies',
  'memberships',
  'installations',
  'authorization_codes',
  'access_tokens',
  'refresh_tokens',
  'sessions',
  'sign_in_emails',
  'attempt_limits',
  'used_assertions',
  'audit_events',
]

/** An administrator's list, and what `tenantry load` and `tenantry migrate` do once. */
const WHOLE = [
  /^select ("\w+"(, )?)+ from "users" where "deleted_at" is null (and \(lower.*\) )?(and "user_id" > \? )?order by "user_id"( limit| offset|$)/,
  /^select ("\w+"(, )?)+ from "companies" (where .*)?order by "company_id"( limit| offset|$)/,
  /^select ("\w+"(, )?)+ from "memberships" (where ("(user|company)_id" = \? (and )?)?("user_id" > \? (and )?)?("app_client_id" is null )?)?order by "company_id", "user_id"/,
  /^select ("\w+"(, )?)+ from "installations" (where .*)?order by "company_id", "user_id", "client_id" limit/,
  /^select "user_id" from "memberships" where "company_id" = \? limit \?$/,
  /^delete from "companies" where "company_id" = \?$/,
  /^select "i"\."company_id", .* from "installations" as "i" .* order by "i"\."created_at" desc/,
  /^select ("\w+"(, )?)+ from "audit_events" where "company_id" = \? (.* )?order by "event_id" desc limit/,
  /^select "user_id" from "user_companies" group by "user_id" having/,
  /^DELETE FROM authorization_codes WHERE used_at IS NOT NULL AND NOT EXISTS/,
]

/** Indexes of what waits for a job: they are empty again once it has run. */
const EMPTY_INDEXES = ['audit_events_unchained']

const slow: string[] = []

/** Slow statements since this was called last, which then fail no test. */
export function takeSlowStatements(): string[] {
  return slow.splice(0)
}

const seen = new Set<string>()

/** Every statement that this process has prepared. */
export const preparedStatements: ReadonlySet<string> = seen

/** How SQLite goes about it, cascades too. */
export function planOf(database: DatabaseSync, sql: string): string[] {
  return prepare
    .call(database, `EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail))
}

/** The step that would go through a whole table, or through all that a company has in it; or undefined. */
export function slowStep(sql: string, plan: readonly string[]): string | undefined {
  return plan.find(step => {
    const [, way, name = ''] = /^(SCAN|SEARCH) (\w+)/.exec(step) ?? []
    const table = new RegExp(`"(\\w+)" as "${name}"`).exec(sql)?.[1] ?? name
    if (EMPTY_INDEXES.some(index => step.endsWith(` INDEX ${index}`))) return false
    return LARGE.includes(table) && (way === 'SCAN' || step.endsWith(' (company_id=?)'))
  })
}

const prepare = DatabaseSync.prototype.prepare

/** From now on a test that prepares a statement which would take the longer, the larger a table is, fails. */
export function watchPlans() {
  // A background job that fails runs again, and says nothing to the test.
  afterEach(() => {
    expect(takeSlowStatements(), 'statements that take the longer, the more there is').toEqual([])
  })
  DatabaseSync.prototype.prepare = function (this: DatabaseSync, ...[sql, ...rest]) {
    if (!seen.has(sql) && /^(select|insert|update|delete|with)\b/i.test(sql)) {
      seen.add(sql)
      const isKnown = isOfTests(sql) || WHOLE.some(known => known.test(sql))
      const step = isKnown ? undefined : slowStep(sql, planOf(this, sql))
      if (step) {
        slow.push(`${step}: ${sql}`)
        throw new Error(`This would take the longer, the more there is: ${step}: ${sql}`)
      }
    }
    return prepare.call(this, sql, ...rest)
  }
}
