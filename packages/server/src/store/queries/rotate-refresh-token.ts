import { type RawBuilder, sql } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Statement, Store } from '../store.ts'
import { type AccessTokenRow, deleteExpiredAccessTokens, insertAccessToken } from './access-tokens.ts'
import { activeGrantee, granteeOf, requireActiveMembership } from './active-memberships.ts'
import { lockInstallation } from './installations.ts'
import { insertRefreshToken, type RefreshTokenRow, spendRefreshToken } from './refresh-tokens.ts'

/** A refresh token, what comes in its place, and when. */
export interface Rotation {
  token: RefreshTokenRow
  successor: RefreshTokenRow
  access: AccessTokenRow
  usedAt: number
}

/**
 * Spends a refresh token for its successor and an access token, and clears the family's access tokens that have run out. Holds only
 * for the first use, while the membership is active and the token allows what was read.
 */
export function rotateRefreshToken(store: Store, rotation: Rotation): Statement[] {
  const { token, successor, access, usedAt } = rotation
  const { company_id, user_id, client_id } = token
  const locked = lockInstallation(store, token)
  if (store.engine === 'postgres' && !store.isDistributed) return [...locked, rotateAtOnce(store, rotation)]
  return [
    ...locked,
    requireActiveMembership(store, company_id, user_id, client_id),
    spendRefreshToken(store, token, usedAt),
    insertRefreshToken(store, successor),
    insertAccessToken(store, access),
    deleteExpiredAccessTokens(store, token, usedAt),
  ]
}

/** One statement for PostgreSQL. It changes nothing where it does not hold. */
function rotateAtOnce(store: Store, { token, successor, access, usedAt }: Rotation): Statement {
  const { company_id, user_id, client_id, family_id, token_hash, scopes } = token
  const { host, clientId } = granteeOf(company_id, user_id, client_id)
  return rotation.expecting(1, store, {
    ...{ company_id, user_id, client_id, family_id, token_hash, scopes, usedAt, host, listedId: clientId },
    ...{ openid: successor.openid, resources: successor.resources, jkt: successor.jkt },
    ...{ successor_hash: successor.token_hash, successor_created_at: successor.created_at },
    ...{ successor_expires_at: successor.expires_at, granted: successor.scopes, access_hash: access.token_hash },
    ...{ access_scopes: access.scopes, access_created_at: access.created_at, access_expires_at: access.expires_at },
    ...{ access_resources: access.resources, access_jkt: access.jkt },
  })
}

type Values = Pick<
  RefreshTokenRow,
  'company_id' | 'user_id' | 'client_id' | 'family_id' | 'token_hash' | 'scopes' | 'openid' | 'resources' | 'jkt'
> & {
  usedAt: number
  host: string
  listedId: string
  successor_hash: Uint8Array
  successor_created_at: number
  successor_expires_at: number
  granted: string
  access_hash: Uint8Array
  access_scopes: string
  access_created_at: number
  access_expires_at: number
  access_resources: string | null
  access_jkt: string | null
}

/** In the select list of an insertion a parameter has no type of its own. */
const integer = (value: number) => sql<number>`${value}::bigint`
const bytes = (value: Uint8Array) => sql<Uint8Array>`${value}::bytea`
const text = <Text extends string | null>(value: Text) => sql<Text>`${value}::text`

/** The values of a row beside its company, which is that of the spent token. */
type Given<Row> = { [Column in Exclude<keyof Row, 'company_id'>]: RawBuilder<Row[Column]> }

/** Names of columns, and their values in the same order. */
function fromSpent<Column extends string>(row: Record<Column, RawBuilder<unknown>>) {
  const given = Object.keys(row) as Column[]
  const names: ('company_id' | Column)[] = ['company_id', ...given]
  return [names, [sql.ref('spent.company_id').as('company_id'), ...given.map(name => row[name].as(name))]] as const
}

const rotation = new PreparedQuery((db, v: Values) =>
  db
    .with('member', qb =>
      activeGrantee(qb, { companyId: v.company_id, userId: v.user_id, clientId: v.listedId, host: v.host }),
    )
    .with('spent', qb =>
      qb
        .updateTable('refresh_tokens')
        .set({ used_at: v.usedAt })
        .where('company_id', '=', v.company_id)
        .where('token_hash', '=', v.token_hash)
        .where('scopes', '=', v.scopes)
        .where('used_at', 'is', null)
        .where(eb => eb.exists(eb.selectFrom('member').select('user_id')))
        .returning('company_id'),
    )
    .with('succeeded', qb => {
      const [names, values] = fromSpent({
        token_hash: bytes(v.successor_hash),
        user_id: integer(v.user_id),
        client_id: text(v.client_id),
        family_id: text(v.family_id),
        scopes: text(v.granted),
        created_at: integer(v.successor_created_at),
        expires_at: integer(v.successor_expires_at),
        used_at: sql<null>`NULL::bigint`,
        access_generation: sql<number>`0`,
        openid: text(v.openid),
        resources: text(v.resources),
        jkt: text(v.jkt),
      } satisfies Given<RefreshTokenRow>)
      return qb
        .insertInto('refresh_tokens')
        .columns(names)
        .expression(eb => eb.selectFrom('spent').select(values))
    })
    .with('given', qb => {
      const [names, values] = fromSpent({
        token_hash: bytes(v.access_hash),
        user_id: integer(v.user_id),
        client_id: text(v.client_id),
        family_id: text(v.family_id),
        scopes: text(v.access_scopes),
        created_at: integer(v.access_created_at),
        expires_at: integer(v.access_expires_at),
        resources: text(v.access_resources),
        jkt: text(v.access_jkt),
      } satisfies Given<AccessTokenRow>)
      return qb
        .insertInto('access_tokens')
        .columns(names)
        .expression(eb => eb.selectFrom('spent').select(values))
    })
    .with('swept', qb =>
      qb
        .deleteFrom('access_tokens')
        .where('company_id', '=', v.company_id)
        .where('user_id', '=', v.user_id)
        .where('client_id', '=', v.client_id)
        .where('family_id', '=', v.family_id)
        // As a query of its own, so that the planner does not make a plan for each moment.
        .where('expires_at', '<=', sql<number>`(select ${v.usedAt}::bigint)`)
        .where(eb => eb.exists(eb.selectFrom('spent').select('company_id'))),
    )
    .selectFrom('spent')
    .select('company_id'),
)
