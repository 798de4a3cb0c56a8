import { type Kysely, type Selection, sql } from 'kysely'
import type { Schema } from './schema.ts'

/** What a company knows of a member, by the names that records have for it. */
export const memberColumns = [
  'm.name as name',
  'm.email as email',
  'm.phone as phone',
  'm.locale as locale',
  'm.timezone as timezone',
  'm.currency as currency',
  'm.is_admin as isAdmin',
  'm.role_id as roleId',
  'm.icon_url as iconUrl',
  'm.has_created_company as hasCreatedCompany',
  'm.signup_flow_variation as signupFlowVariation',
  'm.active as active',
  'm.user_active as userActive',
  'm.created_at as createdAt',
  'm.modified_at as modifiedAt',
  'm.last_login_at as lastLoginAt',
] as const
/** The columns of a token and its member. */
const tokenColumns = [
  't.user_id as userId',
  't.client_id as clientId',
  't.scopes as scopes',
  't.expires_at as expiresAt',
  ...memberColumns,
] as const
const companyColumns = [
  'c.name as companyName',
  'c.domain as companyDomain',
  'c.country as companyCountry',
  'c.industry as companyIndustry',
  'c.suspended_at as companySuspendedAt',
  'c.blocked_apps as companyBlockedApps',
  'c.blocked_hosts as companyBlockedHosts',
  'c.blocked_scopes as companyBlockedScopes',
] as const
/** `appScopes` is what the app is registered for: a token may do no more. */
const appColumns = ['a.disabled_at as appDisabledAt', 'a.profile as appProfile', 'a.scopes as appScopes'] as const

interface BearerTables {
  t: Schema['access_tokens']
  m: Schema['memberships']
  c: Schema['companies']
  a: Schema['apps']
}
type BearerColumn = (typeof tokenColumns)[number] | (typeof companyColumns)[number] | (typeof appColumns)[number]
/** The fields of a record that say who someone is at a company. */
export type MemberField = 'userId' | Aliased<(typeof memberColumns)[number]>
type Aliased<Column extends string> = Column extends `${string} as ${infer Name}` ? Name : never

type BearerColumns = Selection<BearerTables, keyof BearerTables, BearerColumn>

/** Column values in the order of their list. */
export type Row = readonly unknown[]

/**
 * Everything that `GET /users/me` and a bearer check need to know of an access token. The compiler compares its fields
 * with the columns above. They are declared, not only assigned, so that all records have one hidden class in V8.
 */
export class BearerRecord implements BearerColumns {
  /** What was made of it, to be used again by what made it. */
  memo: object | undefined = undefined
  readonly companyId: number
  readonly userId!: number
  readonly clientId!: string
  readonly scopes!: string
  readonly expiresAt!: number
  readonly name!: string
  readonly email!: string
  readonly phone!: string | null
  readonly locale!: string
  readonly timezone!: string | null
  readonly currency!: string
  readonly isAdmin!: number
  readonly roleId!: number
  readonly iconUrl!: string | null
  readonly hasCreatedCompany!: number
  readonly signupFlowVariation!: string | null
  readonly active!: number
  readonly userActive!: number
  readonly createdAt!: number
  readonly modifiedAt!: number | null
  readonly lastLoginAt!: number | null
  readonly companyName!: string
  readonly companyDomain!: string
  readonly companyCountry!: string | null
  readonly companyIndustry!: string | null
  readonly companySuspendedAt!: number | null
  readonly companyBlockedApps!: string | null
  readonly companyBlockedHosts!: string | null
  readonly companyBlockedScopes!: string | null
  readonly appDisabledAt!: number | null
  readonly appProfile!: BearerColumns['appProfile']
  readonly appScopes!: string

  constructor(companyId: number, tokenRow: Row, companyRow: Row, appRow: Row) {
    this.companyId = companyId
    this.#assign(tokenNames, tokenRow)
    this.#assign(companyNames, companyRow)
    this.#assign(appNames, appRow)
  }

  /** From the row of a query that joined all three. */
  static fromJoinedRow(companyId: number, row: Row): BearerRecord {
    const companyStart = tokenColumns.length
    const appStart = companyStart + companyColumns.length
    const companyRow = row.slice(companyStart, appStart)
    return new BearerRecord(companyId, row.slice(0, companyStart), companyRow, row.slice(appStart))
  }

  #assign(names: readonly string[], row: Row) {
    const fields = this as unknown as Record<string, unknown>
    for (let index = 0; index < names.length; index++) fields[names[index]!] = row[index]
  }
}

const tokenNames = namesOf(tokenColumns)
const companyNames = namesOf(companyColumns)
const appNames = namesOf(appColumns)

function namesOf(columns: readonly string[]): string[] {
  return columns.map(column => column.split(' as ')[1]!)
}

const CLIENT_ID = tokenNames.indexOf('clientId')

/** The app of a token row, whose own row is still to be found. */
export function clientIdOf(tokenRow: Row): string {
  return tokenRow[CLIENT_ID] as string
}

/** Three look-ups by key. Parameters: company id and token hash; company id; client id. */
export function bearerQueries(db: Kysely<Schema>) {
  const token = joinMember(db)
    .where('t.company_id', '=', 0)
    .where('t.token_hash', '=', new Uint8Array())
    .select(tokenColumns)
  const company = db.selectFrom('companies as c').where('c.company_id', '=', 0).select(companyColumns)
  const app = db.selectFrom('apps as a').where('a.client_id', '=', '').select(appColumns)
  return { token: token.compile().sql, company: company.compile().sql, app: app.compile().sql }
}

/**
 * Look-ups of many tokens at once, on PostgreSQL. Parameters: company ids and hashes, or one company id and hashes; each
 * list as the text of an array. A row begins with the company id and the hash that it was found by.
 */
export function bearerBatchQueries(db: Kysely<Schema>) {
  const key = ['t.company_id', 't.token_hash'] as const
  const joined = joinMember(db)
    .innerJoin('companies as c', 'c.company_id', 't.company_id')
    .innerJoin('apps as a', 'a.client_id', 't.client_id')
    .select([...key, ...tokenColumns, ...companyColumns, ...appColumns])
  const keys = sql<{
    company_id: number
    token_hash: Uint8Array
    // In a query of its own a value is not known to the planner: a plan for how many there are would be made for each query of few.
  }>`unnest((select cast(cast(${''} as text) as bigint[])), (select cast(cast(${''} as text) as bytea[])))`
  const many = joined.innerJoin(keys.as<'k'>(sql`k(company_id, token_hash)`), join =>
    join.onRef('k.company_id', '=', 't.company_id').onRef('k.token_hash', '=', 't.token_hash'),
  )
  const manyOfOneCompany = joined
    .where('t.company_id', '=', 0)
    .where(sql<boolean>`t.token_hash = any(cast(cast(${''} as text) as bytea[]))`)
  return { many: many.compile().sql, manyOfOneCompany: manyOfOneCompany.compile().sql }
}

function joinMember(db: Kysely<Schema>) {
  return db
    .selectFrom('access_tokens as t')
    .innerJoin('memberships as m', join =>
      join.onRef('m.company_id', '=', 't.company_id').onRef('m.user_id', '=', 't.user_id'),
    )
}
