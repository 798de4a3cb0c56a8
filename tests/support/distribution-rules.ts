import { type Placement, placements } from '../../packages/server/src/store/postgres/distribution.ts'

const company = Object.keys(placements).filter(table => by(placements[table]!) === 'company_id')

function by(placement: Placement): string | undefined {
  return typeof placement === 'string' ? undefined : placement.by
}

/** Statements about all companies: an administrator's lists, and jobs that look for what is due anywhere. */
const ACROSS = [
  // `installation list`, `token revoke --user` and `--client`
  /^select "i"\."company_id", .* from "installations" as "i" .* order by "i"\."created_at" desc/,
  /^select ("\w+"(, )?)+ from "uninstall_callbacks" order by "ended_at"$/,
  // Signing in by the e-mail that a company knows: by an index, and rare beside the password that is checked then.
  /^select distinct "user_id" from "memberships" where "email" in /,
  // `member list --user`, lists that are searched or paged
  /^select ("\w+"(, )?)+ from "memberships" (where ("user_id" = \$1 (and )?)?("app_client_id" is null )?)?order by "company_id", "user_id"/,
  /^select ("\w+"(, )?)+ from "companies" (where .*)?order by "company_id"( limit| offset|$)/,
  // Pages of the admin API's lists
  /^select ("\w+"(, )?)+ from "installations" (where .*)?order by "company_id", "user_id", "client_id" limit/,
  /^select ("\w+"(, )?)+ from "uninstall_callbacks" (where .*)?order by "company_id", "user_id", "client_id", "ended_at" limit/,
  // What an app was told, for its developers
  /^select ("\w+"(, )?)+ from "callback_deliveries" where "client_id" = \$1 and "attempted_at" >= /,
  // The audit log: what is not chained yet, all about a person, every chain
  /^SELECT DISTINCT company_id FROM \(\s+SELECT company_id, event_id FROM audit_events WHERE seq IS NULL ORDER BY company_id, event_id LIMIT/,
  /^select ("\w+"(, )?)+ from "audit_events" where "user_id" = \$1 order by "event_id"$/,
  /^update "audit_events" set "personal" = \$1, "salt" = \$2 where "user_id" = \$3$/,
  /^select distinct "company_id" from "audit_events" order by "company_id"$/,
  // Retention goes from chain to chain, once a day
  /^select "company_id" from "audit_events" where "company_id" > \$1 order by "company_id" limit \$2$/,
  // Metrics, when they are read
  /^select count\(\*\) as "found" from \(select "client_id" from "uninstall_callbacks" where "gave_up_at" is /,
  // `app delete`
  /^select ("\w+"(, )?)+ from "uninstall_callbacks" where "client_id" = \$1 limit /,
  /^select "company_id" from "(app_policies|app_requests|member_access)" where "client_id" = \$1 limit /,
  // The same, and another name for an app
  /^select "company_id" from "memberships" where "app_client_id" = \$1 (and "name" <> \$2 )?limit /,
  // The sender of callbacks, and the cleaner: what they find is then changed by its key.
  /^WITH RECURSIVE app \(client_id\) AS \(\s+SELECT min\(client_id\) FROM (uninstall|logout)_callbacks/,
  /^SELECT DISTINCT client_id FROM (uninstall|logout)_callbacks/,
  /^select ("\w+"(, )?)+ from "(uninstall|logout)_callbacks" where "client_id" = \$1 and "gave_up_at" is null and "next_attempt_at" <= /,
  /^select ("\w+"(, )?)+ from "(uninstall|logout)_callbacks" where "gave_up_at" is null and "next_attempt_at" > /,
  /^select ("\w+"(, )?)+ from "refresh_tokens" where "expires_at" <= \$1 limit 500$/,
  /^select "company_id", "code_hash" from "authorization_codes" where "expires_at" <= \$1 and "used_at" is null limit 500$/,
  /^SELECT ("\w+"(, )?)+ FROM "(app_uses|invitations|callback_deliveries)"\s+WHERE "expires_at" <= \$1 LIMIT 500$/,
  /^select "access"\."company_id", "access"\."token_hash" from "refresh_tokens" as "token"/,
]

/** What tests themselves ask to see what is there. */
const OF_TESTS = /^select \* from "\w+"( where .*)?$/

/** Statements that a store which is distributed does not send: the rotation of a refresh token in one, a person's memberships in one. */
const NEVER_ON_CLUSTERS =
  /^with "member" as .* "spent" as |^select .* from "user_companies" as "u" inner join "memberships" as "m"/

/** Why a statement would not go to one machine of a cluster, or undefined. */
export function ruleBroken(sql: string): string | undefined {
  if (NEVER_ON_CLUSTERS.test(sql)) return undefined
  const tables = tablesIn(sql)
  const unknown = tables.find(table => !(table in placements))
  if (unknown !== undefined && unknown !== 'bearer_changes') return `it names ${unknown}, which has no placement`
  const ofCompanies = tables.filter(table => company.includes(table))
  if (ofCompanies.length === 0 || ACROSS.some(known => known.test(sql))) return undefined
  if (namesCompany(sql)) return undefined
  return `it is about ${ofCompanies.join(' and ')} and does not name company_id`
}

export function isOfTests(sql: string): boolean {
  return OF_TESTS.test(sql)
}

function tablesIn(sql: string): string[] {
  return [...sql.matchAll(/\b(?:from|join|into|update)\s+"(\w+)"/gi)].map(([, table]) => table!)
}

/** By a value, a list of values or the keys of a batch; or as a column of what is inserted. */
function namesCompany(sql: string): boolean {
  return (
    /"?company_id"? (?:= \$\d|in \(\$\d|= any)/i.test(sql) ||
    /^insert into "\w+" \((?=[^)]*"company_id")/i.test(sql) ||
    /inner join unnest\(.*"k"\."company_id" = "t"\."company_id"/i.test(sql)
  )
}
