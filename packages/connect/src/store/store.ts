import type { Id, IdKind } from '../ids.ts'

/**
 * Whom a link is for. The three together are unique and permanent; an e-mail is never part of it. The integer 7 and the text
 * `7` are two ids.
 */
export interface LinkKey<I extends Id = Id> {
  /** The provider's name, as its object says it. */
  provider: string
  companyId: I
  userId: I
}

/**
 * `active`: the tokens work or can be refreshed. `needs_reauthorization`: the provider refused the refresh; the user
 * must allow the app again. `uninstalled`: ended at the provider. `disconnected`: ended by the app.
 */
export type LinkStatus = 'active' | 'needs_reauthorization' | 'uninstalled' | 'disconnected'

/** A row of the table of links. Times are milliseconds since 1970. */
export interface StoredLink extends LinkKey {
  /** The record in the app's own service. */
  accountId: string
  status: LinkStatus
  /** An ended link whose hook has not been called yet. */
  notice: 'needs_reauthorization' | 'uninstalled' | null
  /** Who they were when last asked: an `Identity` as JSON. For showing; nothing is looked up by it. */
  identity: string
  /** What was allowed, separated by spaces. */
  scope: string | null
  /** Where this company's API is. */
  apiDomain: string | null
  /** Access and refresh token, encrypted; null once they are erased. */
  tokens: string | null
  /** When the access token ends; null where the provider does not say. */
  tokensExpireAt: number | null
  installedAt: number
  updatedAt: number
  /** 1 at first, and one more with every write. */
  version: number
}

/**
 * Where links are stored: eight methods, each atomic, on a database that all of the app's processes share.
 * `@tenantry/connect/store-conformance` checks one that you write.
 */
export interface LinkStore {
  findLink(key: LinkKey): Promise<StoredLink | undefined>
  /**
   * All links of an account, oldest first.
   * @param ids what the provider's ids are; `integer` unless said
   */
  listLinks(provider: string, accountId: string, ids?: IdKind): Promise<StoredLink[]>
  /**
   * At most `limit` links in the order of their keys, after `after`; for walking through all of them.
   * @param ids what the provider's ids are; `integer` unless said
   */
  pageLinks(provider: string, after: LinkKey | undefined, limit: number, ids?: IdKind): Promise<StoredLink[]>
  /** Adds a link; false, and nothing changed, where its key has one already. */
  insertLink(link: StoredLink): Promise<boolean>
  /** Replaces a link whose stored version is one less than this one's; otherwise false, and nothing changed. */
  replaceLink(link: StoredLink): Promise<boolean>
  /** Deletes a link that has this version; otherwise false, and nothing changed. */
  deleteLink(key: LinkKey, version: number): Promise<boolean>
  /**
   * Takes or extends a lease for a while, in milliseconds by the store's own clock; false while another holder has it.
   * A lease that has run out can be taken by anyone.
   */
  acquireLease(name: string, holder: string, milliseconds: number): Promise<boolean>
  /** Gives a lease back; nothing happens where the holder does not have it. */
  releaseLease(name: string, holder: string): Promise<void>
}
