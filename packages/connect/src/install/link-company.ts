import { ConnectError, isConnectError } from '../errors.ts'
import type { Id } from '../ids.ts'
import { type Link, toLink } from '../link.ts'
import type { Kit } from '../options.ts'
import { keepLink } from './keep-link.ts'

/**
 * The link of a company where the app is installed for everyone, made by the app's own credentials where there is none: for an install
 * whose callback never came.
 * @returns undefined where the app is not installed for the company
 * @throws {ConnectError} `provider_unavailable`, and what `decide` throws
 */
export async function linkCompany(kit: Kit, companyId: Id): Promise<Link<Id> | undefined> {
  const granted = await kit.oauth.grantToApp(companyId).catch(error => {
    if (isConnectError(error, 'needs_reauthorization')) return undefined
    throw error
  })
  if (!granted) return undefined
  const { tokens, tokenAnswer, clockSkew } = granted
  const about = { callback: null, tokenAnswer, known: null }
  const identity = await kit.oauth.identify(tokens.accessToken, tokens.apiDomain, about)
  if (identity.companyId !== companyId || identity.kind !== 'company') {
    throw new ConnectError('answer_invalid', `The provider gave a token for another than company ${companyId}.`)
  }
  const stored = await kit.store.findLink(identity)
  // Its refresh token is worth keeping.
  if (stored?.status === 'active') return toLink(stored)
  const request = new Request(kit.redirectUri)
  const installedAt = kit.clock() + clockSkew
  const { link } = await keepLink(kit, { identity, tokens, account: null, intent: 'install', request, installedAt })
  return link
}
