import { randomBytes } from 'node:crypto'
import type { RequestContext } from '../http/environment.ts'
import { insertAuthorizationCode } from '../store/queries/authorization-codes.ts'
import { findInstallation, putInstallation } from '../store/queries/installations.ts'
import { setLastCompany } from '../store/queries/users.ts'
import type { Statement } from '../store/store.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { hashSecret, newToken } from '../tokens/token-text.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

/**
 * Installs the app for the user at the company and gives an authorization code, in one commit.
 * @param conditions what must still hold when it is committed
 * @throws {WriteConflict} when the membership is not active any more, or a condition does not hold
 */
export async function grantCode(
  c: RequestContext,
  request: AuthorizationRequest,
  companyId: number,
  conditions: Statement[] = [],
): Promise<string> {
  const { store, clock, settings } = c.var.runtime
  const key = { company_id: companyId, user_id: c.var.signedIn!.user.user_id, client_id: request.app.clientId }
  const before = await findInstallation(store, key)
  const now = clock()
  const code = newToken('ac', companyId)
  await store.write([
    ...conditions,
    putInstallation(store, {
      ...key,
      scopes: [...new Set([...storedScopes(before?.scopes ?? ''), ...request.scopes])].join(' '),
      created_at: before?.created_at ?? now,
      updated_at: now,
    }),
    insertAuthorizationCode(store, {
      ...key,
      code_hash: hashSecret(code),
      family_id: randomBytes(12).toString('hex'),
      redirect_uri: request.redirectUri,
      scopes: request.scopes.join(' '),
      code_challenge: request.codeChallenge ?? null,
      created_at: now,
      expires_at: now + settings.authorizationCodeLifetime * 1000,
      used_at: null,
    }),
    setLastCompany(store, key.user_id, companyId),
  ])
  return code
}
