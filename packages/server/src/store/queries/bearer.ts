import { sql } from 'kysely'
import { cacheBearers } from '../bearer-cache.ts'
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
}

export type FindBearer = (companyId: number, tokenHash: Uint8Array) => Soon<BearerRecord | undefined>

/** Prepares the hot query once, remembered exactly where the store can tell what changes. */
export function prepareFindBearer(store: Store): FindBearer {
  const find = prepareQuery(store)
  return store.bearerChanges ? cacheBearers(find, store.bearerChanges) : find
}

function prepareQuery(store: Store): FindBearer {
  const joined = store.db
    .selectFrom('access_tokens as t')
    .innerJoin('memberships as m', join =>
      join.onRef('m.company_id', '=', 't.company_id').onRef('m.user_id', '=', 't.user_id'),
    )
    .innerJoin('companies as c', 'c.company_id', 't.company_id')
    .innerJoin('apps as a', 'a.client_id', 't.client_id')
  const columns = [
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
    'c.name as companyName',
    'c.domain as companyDomain',
    'c.country as companyCountry',
    'c.industry as companyIndustry',
    'c.suspended_at as companySuspendedAt',
    'a.disabled_at as appDisabledAt',
  ] as const
  const key = ['t.company_id', 't.token_hash'] as const
  const ofCompany = joined.where('t.company_id', '=', 0)
  const find = store.prepare({
    one: ofCompany.where('t.token_hash', '=', new Uint8Array()).select(columns).compile(),
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
    manyOfOneCompany: ofCompany
      .where(sql<boolean>`t.token_hash = any(cast(cast(${''} as text) as bytea[]))`)
      .select([...key, ...columns])
      .compile(),
  })
  return (companyId, tokenHash) => soon(find(companyId, tokenHash), row => row && readRow(companyId, row))
}

function readRow(companyId: number, row: unknown[]): BearerRecord {
  return {
    companyId,
    userId: row[0] as number,
    clientId: row[1] as string,
    scopes: row[2] as string,
    expiresAt: row[3] as number,
    name: row[4] as string,
    email: row[5] as string,
    phone: row[6] as string | null,
    locale: row[7] as string,
    timezone: row[8] as string | null,
    currency: row[9] as string,
    isAdmin: row[10] as number,
    roleId: row[11] as number,
    iconUrl: row[12] as string | null,
    hasCreatedCompany: row[13] as number,
    signupFlowVariation: row[14] as string | null,
    active: row[15] as number,
    userActive: row[16] as number,
    createdAt: row[17] as number,
    modifiedAt: row[18] as number | null,
    lastLoginAt: row[19] as number | null,
    companyName: row[20] as string,
    companyDomain: row[21] as string,
    companyCountry: row[22] as string | null,
    companyIndustry: row[23] as string | null,
    companySuspendedAt: row[24] as number | null,
    appDisabledAt: row[25] as number | null,
  }
}
