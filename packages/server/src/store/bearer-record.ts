import { type Kysely, type Selection, sql } from 'kysely'
import type { Schema } from './schema.ts'

/** The columns of a token and its member, by the names that a record has for them. */
const tokenColumns = [
  't.user_id as userId',
  't.client_id as clientId',
  't.scopes as scopes',
  't.expires_at as expiresAt',
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
const companyColumns = [
  'c.name as companyName',
  'c.domain as companyDomain',
  'c.country as companyCountry',
  'c.industry as companyIndustry',
  'c.suspended_at as companySuspendedAt',
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
type BearerColumns = Readonly<Selection<BearerTables, keyof BearerTables, BearerColumn>>

/** Column values in the order of their list. */
export type Row = readonly unknown[]

/** The rows that a record is made of. Tokens of one company or one app share its row. */
class BearerRows {
  readonly companyId: number
  readonly tokenRow: Row
  readonly companyRow: Row
  readonly appRow: Row

  constructor(companyId: number, tokenRow: Row, companyRow: Row, appRow: Row) {
    this.companyId = companyId
    this.tokenRow = tokenRow
    this.companyRow = companyRow
    this.appRow = appRow
  }
}

/** Everything that `GET /users/me` and a bearer check need to know of an access token; each column is read by its name. */
export type BearerRecord = BearerRows & BearerColumns

export function newBearerRecord(companyId: number, tokenRow: Row, companyRow: Row, appRow: Row): BearerRecord {
  return new BearerRows(companyId, tokenRow, companyRow, appRow) as BearerRecord
}

/** A record from the row of a query that joined all three. */
export function splitJoinedRow(companyId: number, row: Row): BearerRecord {
  const companyStart = tokenColumns.length
  const appStart = companyStart + companyColumns.length
  const companyRow = row.slice(companyStart, appStart)
  return newBearerRecord(companyId, row.slice(0, companyStart), companyRow, row.slice(appStart))
}

defineAccessors('tokenRow', tokenColumns)
defineAccessors('companyRow', companyColumns)
defineAccessors('appRow', appColumns)

function defineAccessors(rowName: 'tokenRow' | 'companyRow' | 'appRow', columns: readonly string[]) {
  for (const [position, column] of columns.entries()) {
    const name = column.split(' as ')[1]!
    Object.defineProperty(BearerRows.prototype, name, {
      get(this: BearerRows) {
        return this[rowName][position]
      },
    })
  }
}

/** Where a token row has the user's and the client's id. */
const USER_ID = 0
const CLIENT_ID = 1

export function userIdOf(tokenRow: Row): number {
  return tokenRow[USER_ID] as number
}

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
  }>`unnest(cast(cast(${''} as text) as bigint[]), cast(cast(${''} as text) as bytea[]))`
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
