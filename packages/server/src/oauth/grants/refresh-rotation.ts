import type { Runtime } from '../../config/runtime.ts'
import { OAuthError } from '../../http/errors.ts'
import { isTooFarAhead } from '../../store/clock-skew.ts'
import { deleteExpiredAccessTokens, findAccessToken } from '../../store/queries/access-tokens.ts'
import { findActiveMembership, requireActiveMembership } from '../../store/queries/active-memberships.ts'
import { lockInstallation } from '../../store/queries/installations.ts'
import type { MembershipWithCompany } from '../../store/queries/memberships.ts'
import type { RefreshReading } from '../../store/queries/refresh-reading.ts'
import {
  advanceAccessGeneration,
  correctFirstUse,
  deleteRefreshToken,
  findRefreshToken,
  type RefreshTokenRow,
} from '../../store/queries/refresh-tokens.ts'
import { rotateRefreshToken } from '../../store/queries/rotate-refresh-token.ts'
import { OutcomeUnknown, retryOnConflict, type Store, WriteConflict } from '../../store/store.ts'
import { deriveAccessToken, deriveRefreshToken } from '../../tokens/derive.ts'
import {
  type Access,
  accessTokenEnd,
  accessTokenRow,
  type IssuedTokens,
  refreshTokenRow,
  storeAccessToken,
  type TokenPair,
} from '../../tokens/issue.ts'
import { type CompatibilityProfile, intersection, isSubset, storedScopes, withoutBlocked } from '../../tokens/scopes.ts'
import { accessTokenKind, hashSecret, parseToken } from '../../tokens/token-text.ts'
import { narrowResources } from './narrow-resources.ts'
import { refreshInPlace } from './refresh-in-place.ts'
import { endReusedFamily } from './reuse.ts'

const SECOND = 1000
/** How long after its first use a refresh token of a public client may be presented again. */
const PUBLIC_WINDOW = 30 * SECOND
/** The same for a confidential client whose successor was never used… */
const LOST_ANSWER_WINDOW = 24 * 60 * 60 * SECOND
/** …and how long after the successor's first use. */
const RACE_WINDOW = 60 * SECOND

/** What a client may ask of an access token: less than was granted. */
export interface Narrowing {
  scopes?: string[] | undefined
  /** Addresses of resource servers, joined by spaces. */
  resource?: string | undefined
  /** The thumbprint of the key that the request was proved with. */
  jkt?: string | null
}

/** A client that has shown who it is. */
export interface RefreshingClient {
  clientId: string
  isPublic: boolean
  /** What it is registered for: a refresh gives no more, whatever was granted before. */
  scopes: readonly string[]
  profile?: CompatibilityProfile
}

/**
 * Exchanges a refresh token for its successor (RFC 6749 section 6). A retry inside the window gets the same tokens;
 * later reuse is theft and ends the family (RFC 9700 section 4.14).
 * @param requested what the access token is for, where it is less than was granted
 * @param ahead the token as it was read a moment ago, with its app
 * @throws {OAuthError} `invalid_grant`, `invalid_scope`, `invalid_target`
 */
export function refresh(
  runtime: Runtime,
  client: RefreshingClient,
  presented: string,
  requested: Narrowing = {},
  ahead?: RefreshReading,
): Promise<IssuedTokens> {
  // What was read with the app: good for deciding once, since the commit holds it against what is there then.
  let read = ahead?.token.client_id === client.clientId ? ahead : undefined
  return retryOnConflict(async () => {
    const known = read
    read = undefined
    const token = known?.token ?? (await findPresented(runtime, client, presented))
    const { company_blocked_scopes: blocked } = known?.membership ?? (await requireActive(runtime, token))
    const access = await narrow(runtime, client, token, { ...requested, blocked })
    if (token.used_at === null && client.profile === 'fapi2') return refreshInPlace(runtime, token, presented, access)
    if (token.used_at === null) return useFirst(runtime, token, presented, access)
    return useAgain(runtime, client, token, presented, access)
  })
}

async function findPresented(runtime: Runtime, client: RefreshingClient, presented: string) {
  const parsed = parseToken(presented)
  if (parsed?.kind !== 'rt') throw refused('This is not a refresh token.')
  const token = await findRefreshToken(runtime.store, parsed.companyId, hashSecret(presented))
  if (!token || token.client_id !== client.clientId) {
    throw refused('The refresh token is unknown, revoked or belongs to another client.')
  }
  return token
}

async function requireActive(runtime: Runtime, token: RefreshTokenRow): Promise<MembershipWithCompany> {
  const membership = await findActiveMembership(runtime.store, token.company_id, token.user_id, token.client_id)
  if (membership) return membership
  throw refused('The user is not active at this company, or it blocks the app.')
}

async function narrow(
  runtime: Runtime,
  client: RefreshingClient,
  token: RefreshTokenRow,
  requested: Narrowing & { blocked: string | null },
): Promise<Access> {
  const granted = withoutBlocked(intersection(storedScopes(token.scopes), client.scopes), requested.blocked)
  const asked = requested.scopes ?? granted
  if (!isSubset(asked, granted)) {
    throw new OAuthError('invalid_scope', 'The requested scopes exceed those that were granted.')
  }
  const { jkt = null } = requested
  if (token.jkt !== null && token.jkt !== jkt) {
    throw refused('The refresh token is bound to another key than the DPoP proof shows.')
  }
  return { ...(await narrowResources(runtime, token, asked, requested.resource)), jkt }
}

async function useFirst(runtime: Runtime, token: RefreshTokenRow, presented: string, access: Access) {
  const { keys, store, clock } = runtime
  if (clock() >= token.expires_at) throw refused('The refresh token has expired.')
  const key = keys.successor[0]!
  const tokens = derive(key, token, presented, access, 0, accessTokenEnd(runtime))
  const rotation = rotateRefreshToken(store, {
    token,
    successor: refreshTokenRow(runtime, token, tokens.refreshToken, storedScopes(token.scopes)),
    access: accessTokenRow(runtime, token, tokens.accessToken, access),
    usedAt: clock(),
  })
  await store.write(rotation, { commitsAtOnce: true }).catch(decideAgainIfUnknown)
  runtime.metrics.refreshes.count({ outcome: 'first' })
  return tokens
}

/** Whether it was committed shows in the token, and the tokens that follow from it are the same. */
function decideAgainIfUnknown(error: unknown): never {
  throw error instanceof OutcomeUnknown ? new WriteConflict(error.message, { cause: error }) : error
}

async function useAgain(
  runtime: Runtime,
  client: RefreshingClient,
  token: RefreshTokenRow,
  presented: string,
  access: Access,
): Promise<IssuedTokens> {
  const { store, clock } = runtime
  const successor = await findSuccessorAnywhere(runtime, token, presented)
  const now = clock()
  const isHere =
    successor && now <= windowEnd(client, await begunNow(store, token, now), await begunNow(store, successor.row, now))
  if (!successor || !isHere) {
    await endReusedFamily(runtime, 'refresh_token.reused', token, deleteRefreshToken(store, token))
    runtime.metrics.refreshes.count({ outcome: 'stolen' })
    throw refused(
      'The refresh token was used before. All tokens of this grant are revoked, because it may have been stolen.',
    )
  }
  const tokens = await giveAgain(runtime, token, presented, successor.key, access)
  runtime.metrics.refreshes.count({ outcome: 'again' })
  return tokens
}

/**
 * A first use at a time that is still to come, by a clock that was ahead, counts as now, from now on: its window must
 * begin once, and end.
 */
async function begunNow(store: Store, token: RefreshTokenRow, now: number): Promise<RefreshTokenRow> {
  if (token.used_at === null || !isTooFarAhead(token.used_at, now)) return token
  await store.write([correctFirstUse(store, token, now)])
  return { ...token, used_at: now }
}

/** A successor under a key that this process has not loaded yet must not be taken for theft. */
async function findSuccessorAnywhere(runtime: Runtime, token: RefreshTokenRow, presented: string) {
  const known = await findSuccessor(runtime, token, presented)
  if (known) return known
  await runtime.keys.load()
  return findSuccessor(runtime, token, presented)
}

/** The successor, and the key it was derived under: keys are rotated, windows are longer. */
async function findSuccessor(runtime: Runtime, token: RefreshTokenRow, presented: string) {
  for (const key of runtime.keys.successor) {
    const text = deriveRefreshToken(key, token.company_id, presented)
    const row = await findRefreshToken(runtime.store, token.company_id, hashSecret(text))
    if (row) return { key, row }
  }
  return undefined
}

function windowEnd(client: RefreshingClient, token: RefreshTokenRow, successor: RefreshTokenRow): number {
  const usedAt = token.used_at!
  if (client.isPublic && token.jkt === null) return usedAt + PUBLIC_WINDOW
  if (successor.used_at === null) return usedAt + LOST_ANSWER_WINDOW
  return Math.min(successor.used_at, usedAt + LOST_ANSWER_WINDOW) + RACE_WINDOW
}

/** The same tokens as before; a fresh access token if the one given has ended since. */
async function giveAgain(
  runtime: Runtime,
  token: RefreshTokenRow,
  presented: string,
  key: Uint8Array,
  access: Access,
): Promise<IssuedTokens> {
  const { store, clock } = runtime
  const given = derive(key, token, presented, access, token.access_generation, 0)
  const row = await findAccessToken(store, token.company_id, hashSecret(given.accessToken))
  const isSame = row?.scopes === access.scopes.join(' ') && row.resources === access.resources && row.jkt === access.jkt
  if (row && isSame && row.expires_at > clock()) {
    return { ...given, expiresAt: row.expires_at }
  }
  const fresh = derive(key, token, presented, access, token.access_generation + 1, accessTokenEnd(runtime))
  await store.write([
    ...lockInstallation(store, token),
    requireActiveMembership(store, token.company_id, token.user_id, token.client_id),
    advanceAccessGeneration(store, token),
    storeAccessToken(runtime, token, fresh.accessToken, access),
    deleteExpiredAccessTokens(store, token, clock()),
  ])
  return fresh
}

function derive(
  key: Uint8Array,
  token: RefreshTokenRow,
  presented: string,
  access: Access,
  generation: number,
  expiresAt: number,
): TokenPair {
  return {
    accessToken: deriveAccessToken(key, accessTokenKind(access), token.company_id, presented, generation),
    refreshToken: deriveRefreshToken(key, token.company_id, presented),
    companyId: token.company_id,
    userId: token.user_id,
    ...access,
    openid: token.openid,
    expiresAt,
  }
}

function refused(description: string): OAuthError {
  return new OAuthError('invalid_grant', description)
}
