import type { Runtime } from '../config/runtime.ts'
import { type AccessTokenRow, insertAccessToken } from '../store/queries/access-tokens.ts'
import type { Family } from '../store/queries/families.ts'
import { insertRefreshToken, type RefreshTokenRow } from '../store/queries/refresh-tokens.ts'
import type { Statement } from '../store/store.ts'
import { accessTokenKind, hashSecret, newToken } from './token-text.ts'

/** What an access token is for, and which key it is bound to. */
export interface Access {
  scopes: string[]
  /** As they are stored; null for the platform's default API. */
  resources: string | null
  /** The thumbprint of a key (RFC 7638); null for a bearer token. */
  jkt: string | null
}

/** A pair of tokens as the client gets it. */
export interface IssuedTokens {
  accessToken: string
  /** Null where the app asks again instead. */
  refreshToken: string | null
  companyId: number
  userId: number
  scopes: string[]
  /** What an ID token says of the sign-in, as it is stored; null where none was asked for. */
  openid: string | null
  /** The resource servers that the access token is for, as they are stored. */
  resources: string | null
  /** The thumbprint of the key that the access token is bound to (RFC 9449). */
  jkt: string | null
  /** Of the access token, in milliseconds since 1970. */
  expiresAt: number
  /** Where they speak for a company's app user: the administrator who installed the app. Undefined where they speak for a person. */
  installedBy?: number | null
}

/** With a refresh token. */
export type TokenPair = IssuedTokens & { refreshToken: string }

/** The first tokens of a family, and what writes them. */
export function issueFirstTokens(
  runtime: Runtime,
  family: Family & { openid?: string | null; resources?: string | null; jkt?: string | null },
  scopes: string[],
  access: Access = { scopes, resources: family.resources ?? null, jkt: null },
): { tokens: TokenPair; statements: Statement[] } {
  const tokens: TokenPair = {
    accessToken: newToken(accessTokenKind(access), family.company_id),
    refreshToken: newToken('rt', family.company_id),
    companyId: family.company_id,
    userId: family.user_id,
    scopes: access.scopes,
    openid: family.openid ?? null,
    resources: access.resources,
    jkt: access.jkt,
    expiresAt: accessTokenEnd(runtime),
  }
  const statements = [
    insertRefreshToken(
      runtime.store,
      refreshTokenRow(
        runtime,
        { ...family, openid: tokens.openid, resources: family.resources ?? null, jkt: family.jkt ?? null },
        tokens.refreshToken,
        scopes,
      ),
    ),
    storeAccessToken(runtime, family, tokens.accessToken, access),
  ]
  return { tokens, statements }
}

export function storeAccessToken(runtime: Runtime, family: Family, token: string, access: Access): Statement {
  return insertAccessToken(runtime.store, accessTokenRow(runtime, family, token, access))
}

/** An access token as it is stored. */
export function accessTokenRow(
  runtime: Runtime,
  family: Family,
  token: string,
  { scopes, resources, jkt }: Access,
): AccessTokenRow {
  return {
    ...familyColumns(family),
    token_hash: hashSecret(token),
    scopes: scopes.join(' '),
    created_at: runtime.clock(),
    expires_at: accessTokenEnd(runtime),
    resources,
    jkt,
  }
}

/** A refresh token as it is stored. */
export function refreshTokenRow(
  runtime: Runtime,
  family: Family & { openid: string | null; resources: string | null; jkt: string | null },
  token: string,
  scopes: string[],
): RefreshTokenRow {
  return {
    ...familyColumns(family),
    token_hash: hashSecret(token),
    scopes: scopes.join(' '),
    created_at: runtime.clock(),
    expires_at: runtime.clock() + runtime.settings.refreshTokenLifetime * 1000,
    used_at: null,
    access_generation: 0,
    openid: family.openid,
    resources: family.resources,
    jkt: family.jkt,
  }
}

export function accessTokenEnd({ clock, settings }: Runtime): number {
  return clock() + settings.accessTokenLifetime * 1000
}

/** Only the columns that name a family, without the row's other ones. */
function familyColumns({ company_id, user_id, client_id, family_id }: Family): Family {
  return { company_id, user_id, client_id, family_id }
}
