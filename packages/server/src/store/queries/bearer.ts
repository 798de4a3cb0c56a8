import { sql } from 'kysely'
import { rememberBearers } from '../bearer-cache.ts'
import { type Soon, type Store, soon } from '../store.ts'

/** Everything that `/users/me` and a bearer check need, found by one look-up in one company's shard. */
export interface BearerRecord {
  companyId: number
  userId: number
  clientId: string
  scopes: string
  expiresAt: number
  name: string
  email: string
  phone: string | null
  locale: string
  timezone: string | null
  currency: string
  isAdmin: number
  roleId: number
  iconUrl: string | null
  hasCreatedCompany: number
  signupFlowVariation: string | null
  active: number
  userActive: number
  createdAt: number
  modifiedAt: number | null
  lastLoginAt: number | null
  companyName: string
  companyDomain: string
  companyCountry: string | null
  companyIndustry: string | null
  companySuspendedAt: number | null
  appDisabledAt: number | null
  appWire: string
  /** What the app is registered for: a token may do no more. */
  appScopes: string
  /** What a reader has made of the record alone, as long as the record is remembered. */
  kept?: unknown
}

/**
 * Finds what an access token speaks for.
 * @param hash the token's SHA-256 as a text of one character a byte
 * @param companyOf reads the company's id from the token's text; not called for a token that is remembered, whose whole
 * text is known by its hash
 */
export type FindBearer = (hash: string, companyOf: () => number) => Soon<BearerRecord | undefined>

/** Prepares the hot query once, remembered exactly where the store can tell what changes. */
export function prepareFindBearer(store: Store): FindBearer {
  const find = prepareQuery(store)
  return store.bearerChanges ? rememberBearers(find, store.bearerChanges) : find
}

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
const appColumns = ['a.disabled_at as appDisabledAt', 'a.wire as appWire', 'a.scopes as appScopes'] as const

function prepareQuery(store: Store): FindBearer {
  const { db } = store
  const tokens = db
    .selectFrom('access_tokens as t')
    .innerJoin('memberships as m', join =>
      join.onRef('m.company_id', '=', 't.company_id').onRef('m.user_id', '=', 't.user_id'),
    )
  const joined = tokens
    .innerJoin('companies as c', 'c.company_id', 't.company_id')
    .innerJoin('apps as a', 'a.client_id', 't.client_id')
  const columns = [...tokenColumns, ...companyColumns, ...appColumns] as const
  const key = ['t.company_id', 't.token_hash'] as const
  const find = store.prepare({
    token: tokens
      .where('t.company_id', '=', 0)
      .where('t.token_hash', '=', new Uint8Array())
      .select(tokenColumns)
      .compile(),
    company: db.selectFrom('companies as c').where('c.company_id', '=', 0).select(companyColumns).compile(),
    app: db.selectFrom('apps as a').where('a.client_id', '=', '').select(appColumns).compile(),
    many: joined
      .innerJoin(
        sql<{
          company_id: number
          token_hash: Uint8Array
        }>`unnest(cast(cast(${''} as text) as bigint[]), cast(cast(${''} as text) as bytea[]))`.as<'k'>(
          sql`k(company_id, token_hash)`,
        ),
        join => join.onRef('k.company_id', '=', 't.company_id').onRef('k.token_hash', '=', 't.token_hash'),
      )
      .select([...key, ...columns])
      .compile(),
    manyOfOneCompany: joined
      .where('t.company_id', '=', 0)
      .where(sql<boolean>`t.token_hash = any(cast(cast(${''} as text) as bytea[]))`)
      .select([...key, ...columns])
      .compile(),
  })
  return (hash, companyOf) => {
    const companyId = companyOf()
    return soon(find(companyId, Buffer.from(hash, 'latin1')), row => row && new BearerRow(companyId, row))
  }
}

/**
 * A class and no literal: V8 would learn from those that are remembered that such literals live long, and put all others
 * among the old too, with all that they hold on to.
 */
class BearerRow implements BearerRecord {
  readonly companyId: number
  readonly userId: number
  readonly clientId: string
  readonly scopes: string
  readonly expiresAt: number
  readonly name: string
  readonly email: string
  readonly phone: string | null
  readonly locale: string
  readonly timezone: string | null
  readonly currency: string
  readonly isAdmin: number
  readonly roleId: number
  readonly iconUrl: string | null
  readonly hasCreatedCompany: number
  readonly signupFlowVariation: string | null
  readonly active: number
  readonly userActive: number
  readonly createdAt: number
  readonly modifiedAt: number | null
  readonly lastLoginAt: number | null
  readonly companyName: string
  readonly companyDomain: string
  readonly companyCountry: string | null
  readonly companyIndustry: string | null
  readonly companySuspendedAt: number | null
  readonly appDisabledAt: number | null
  readonly appWire: string
  readonly appScopes: string
  kept: unknown = undefined

  constructor(companyId: number, row: readonly unknown[]) {
    this.companyId = companyId
    this.userId = row[0] as number
    this.clientId = row[1] as string
    this.scopes = row[2] as string
    this.expiresAt = row[3] as number
    this.name = row[4] as string
    this.email = row[5] as string
    this.phone = row[6] as string | null
    this.locale = row[7] as string
    this.timezone = row[8] as string | null
    this.currency = row[9] as string
    this.isAdmin = row[10] as number
    this.roleId = row[11] as number
    this.iconUrl = row[12] as string | null
    this.hasCreatedCompany = row[13] as number
    this.signupFlowVariation = row[14] as string | null
    this.active = row[15] as number
    this.userActive = row[16] as number
    this.createdAt = row[17] as number
    this.modifiedAt = row[18] as number | null
    this.lastLoginAt = row[19] as number | null
    this.companyName = row[20] as string
    this.companyDomain = row[21] as string
    this.companyCountry = row[22] as string | null
    this.companyIndustry = row[23] as string | null
    this.companySuspendedAt = row[24] as number | null
    this.appDisabledAt = row[25] as number | null
    this.appWire = row[26] as string
    this.appScopes = row[27] as string
  }
}
