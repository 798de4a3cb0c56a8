import { ConnectError } from '../errors.ts'
import { type Id, kindOf } from '../ids.ts'
import { type Link, toLink } from '../link.ts'
import type { Kit } from '../options.ts'
import { allowedApiDomain } from '../provider/api-domain.ts'
import { type ReadClaims, toIdentity } from '../provider/identity.ts'
import type { LinkKey, StoredLink } from '../store/store.ts'
import { keepTokens } from '../tokens/vault.ts'

/** Whom to act for: a person at a company. A `Link` or an `Identity` will do. */
export interface LinkReference<I extends Id = number> {
  companyId: I
  userId: I
}

/** A link made elsewhere, by the code that the kit replaces. Times are milliseconds since 1970. */
export interface AdoptedLink<I extends Id = number> {
  accountId: string
  /** Checked with the provider when it was made: `companyId` and `userId` from `/users/me`. */
  identity: ReadClaims<I>
  accessToken: string
  refreshToken: string
  /** When the access token ends; without it, it is refreshed first. */
  expiresAt?: number
  scope?: string
  apiDomain?: string
  installedAt?: number
}

/** Looking at links and moving them. Nothing here takes an e-mail. */
export interface Links<I extends Id = number> {
  find(reference: LinkReference<I>): Promise<Link<I> | undefined>
  /** All links of an account, oldest first, ended ones too. */
  ofAccount(accountId: string): Promise<Link<I>[]>
  /** A page of all links of the provider, in the order of their keys; give the last one of a page for the next. */
  list(page?: { after?: LinkReference<I>; limit?: number }): Promise<Link<I>[]>
  /**
   * Moves a link to another account. Call it when the owner of `from` asked for it: nothing else makes it right.
   * @throws {ConnectError} `link_missing`; `link_belongs_to_another_account` when it is not `from`'s
   */
  move(reference: LinkReference<I>, accounts: { from: string; to: string }): Promise<Link<I>>
  /** Takes over a link of an earlier integration. False, and nothing changed, where the identity is linked already. */
  adopt(link: AdoptedLink<I>): Promise<boolean>
}

export function createLinks(kit: Kit): Links<Id> {
  const { store } = kit
  return {
    async find(reference) {
      const link = await store.findLink(keyOf(kit, reference))
      return link && toLink(link)
    },
    ofAccount: async accountId => (await store.listLinks(kit.provider.name, accountId, kit.ids)).map(toLink),
    async list({ after, limit = 100 } = {}) {
      const links = await store.pageLinks(kit.provider.name, after && keyOf(kit, after), limit, kit.ids)
      return links.map(toLink)
    },
    async move(reference, { from, to }) {
      for (;;) {
        const link = await requireLink(kit, reference)
        if (link.accountId !== from) {
          throw new ConnectError('link_belongs_to_another_account', `This link does not belong to the account ${from}.`)
        }
        const moved = { ...link, accountId: to, updatedAt: kit.clock(), version: link.version + 1 }
        if (await store.replaceLink(moved)) return toLink(moved)
      }
    },
    async adopt({ accountId, identity: claims, accessToken, refreshToken, ...more }) {
      const identity = toIdentity(kit.provider, claims)
      const tokens = { accessToken, refreshToken, expiresAt: more.expiresAt ?? 0, scope: null, apiDomain: null }
      return store.insertLink({
        ...keyOf(kit, claims),
        accountId,
        status: 'active',
        notice: null,
        identity: JSON.stringify(identity),
        scope: more.scope?.replaceAll(',', ' ') ?? null,
        apiDomain: more.apiDomain === undefined ? null : requireApiDomain(kit, more.apiDomain),
        ...(await keepTokens(kit.keyring, keyOf(kit, claims), tokens)),
        installedAt: more.installedAt ?? kit.clock(),
        updatedAt: kit.clock(),
        version: 1,
      })
    },
  }
}

/** @throws {ConnectError} `host_not_allowed`: a link whose calls could go nowhere is not taken over */
function requireApiDomain({ provider }: Kit, text: string): string {
  const origin = allowedApiDomain(provider, text)
  if (origin !== undefined) return origin
  throw new ConnectError(
    'host_not_allowed',
    `apiDomain: ${text.slice(0, 200)} is none of ${provider.name}'s hosts (${provider.apiHosts.join(', ')}). If it is right, add the host to apiHosts.`,
  )
}

/** @throws {TypeError} where the ids are of another kind than the provider's: 7 and `7` are two companies */
export function keyOf(kit: Kit, { companyId, userId }: LinkReference<Id>): LinkKey {
  for (const [name, id] of Object.entries({ companyId, userId })) {
    if (kindOf(id) === kit.ids) continue
    throw new TypeError(
      `${name}: ${JSON.stringify(id)} is not ${kit.ids === 'text' ? 'a text' : 'an integer'}, and the ids of ${kit.provider.name} are.`,
    )
  }
  return { provider: kit.provider.name, companyId, userId }
}

/** @throws {ConnectError} `link_missing` */
export async function requireLink(kit: Kit, reference: LinkReference<Id>): Promise<StoredLink> {
  const link = await kit.store.findLink(keyOf(kit, reference))
  if (link) return link
  throw new ConnectError(
    'link_missing',
    `There is no link for user ${reference.userId} at company ${reference.companyId}.`,
  )
}
