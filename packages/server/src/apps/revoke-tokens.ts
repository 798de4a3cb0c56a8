import { recordEvent } from '../audit/record.ts'
import { InputError } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import { deleteAccessToken, findAccessToken } from '../store/queries/access-tokens.ts'
import { listInstallations } from '../store/queries/installations.ts'
import { findRefreshToken } from '../store/queries/refresh-tokens.ts'
import { hashSecret, isAccessTokenKind, parseToken } from '../tokens/token-text.ts'
import { removeInstallation } from './installations.ts'

export type WhichTokens =
  | { token: string }
  | { companyId?: number | undefined; userId?: number | undefined; clientId?: string | undefined }

/**
 * Revokes one token, or ends every installation that matches.
 * @returns how many tokens or installations ended
 */
export async function revokeTokens(runtime: Runtime, which: WhichTokens): Promise<number> {
  if ('token' in which) return (await revokeToken(runtime, which.token)) ? 1 : 0
  const { companyId, userId, clientId } = which
  const installations = await listInstallations(runtime.store, {
    ...(companyId !== undefined && { companyIds: [companyId] }),
    ...(userId !== undefined && { userId }),
    ...(clientId !== undefined && { clientId }),
  })
  const removed = await Promise.all(installations.map(installation => removeInstallation(runtime, installation)))
  return removed.filter(Boolean).length
}

/**
 * A refresh token ends its installation with all its tokens, an access token only itself.
 * @param clientId whose token it must be, if not anyone's
 * @returns false when there is no such token
 */
export async function revokeToken(runtime: Runtime, token: string, clientId?: string): Promise<boolean> {
  const { store } = runtime
  const parsed = parseToken(token)
  if (!parsed) {
    if (clientId === undefined) throw new InputError('This is not a Tenantry token.')
    return false
  }
  const tokenHash = hashSecret(token)
  const find = isAccessTokenKind(parsed.kind) ? findAccessToken : findRefreshToken
  const found = parsed.kind === 'ac' ? undefined : await find(store, parsed.companyId, tokenHash)
  if (!found || (clientId !== undefined && found.client_id !== clientId)) return false
  if (parsed.kind === 'rt') return removeInstallation(runtime, found)
  const { company_id: companyId, user_id: userId, client_id: ofClient } = found
  const event = recordEvent(runtime, { action: 'token.revoked', companyId, userId, clientId: ofClient })
  await store.write([deleteAccessToken(store, parsed.companyId, tokenHash), event])
  return true
}
