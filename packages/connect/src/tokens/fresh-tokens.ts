import { ConnectError, isConnectError } from '../errors.ts'
import { toLink } from '../link.ts'
import type { Kit } from '../options.ts'
import { OddRefusal } from '../provider/odd-refusal.ts'
import type { LinkKey, StoredLink } from '../store/store.ts'
import { leaseOf, pauseBeforeLook, underLease } from '../store/wait-for-lease.ts'
import { isPaused, needsReauthorization, pausedError, requireTokens } from './refused.ts'
import { RememberedFailures } from './remembered.ts'
import { renewTokens } from './renew-tokens.ts'
import { keepTokens, openTokens, type StoredTokens } from './vault.ts'

/** A link whose access token works, as far as this side can tell. */
export interface Fresh {
  link: StoredLink
  tokens: StoredTokens
}

/** How often writing new tokens is tried before they stay in memory only, and the pauses in between. */
const WRITE_RETRIES = 6
const WRITE_PAUSE = 100
/** How long a token that was refreshed because of a 401, and was refused again, is not refreshed for that, in milliseconds. */
const REFUSED_AGAIN = 60_000

/** What a refresh gave and the store did not take yet. */
interface Unwritten {
  before: Fresh
  changes: Partial<StoredLink>
  tokens: StoredTokens
}

/** How long a caller waits for another process's refresh, in milliseconds. */
const TIMEOUT = 30_000

/** Gives fresh tokens of links; those who ask at once share one answer. */
export class FreshTokens {
  readonly #kit: Kit
  readonly #underWay = new Map<string, Promise<Fresh>>()
  readonly #failures = new RememberedFailures()
  readonly #unwritten = new Map<string, Unwritten>()
  /** By lease, the token that a refresh for a 401 gave, and when. */
  readonly #refreshedFor401 = new Map<string, { accessToken: string; at: number }>()

  constructor(kit: Kit) {
    this.#kit = kit
  }

  /**
   * The link's tokens, refreshed where they are about to end, or where they are the `rejected` one.
   * @throws {ConnectError} `link_missing`, `needs_reauthorization`, `disconnected`, `provider_unavailable`
   */
  async get(key: LinkKey, rejected?: string): Promise<Fresh> {
    const fresh = await this.#read(key)
    if (!this.#isDue(fresh, rejected) || this.#wasRefusedAgain(key, rejected)) return fresh
    const name = `${leaseOf(key)} ${rejected ?? ''}`
    const already = this.#underWay.get(name)
    if (already) return already
    const refreshed = this.#refreshOnce(key, rejected).finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, refreshed)
    return refreshed
  }

  /** An API that always answers 401 does not cost a refresh each time. */
  #wasRefusedAgain(key: LinkKey, rejected: string | undefined): boolean {
    const known = rejected === undefined ? undefined : this.#refreshedFor401.get(leaseOf(key))
    if (known === undefined || known.accessToken !== rejected) return false
    const since = this.#kit.clock() - known.at
    return since >= 0 && since < REFUSED_AGAIN
  }

  async #read(key: LinkKey): Promise<Fresh> {
    const link = await this.#kit.store.findLink(key)
    const granted = this.#unwritten.get(leaseOf(key))
    // No other process has written since: the granted tokens are newer than the stored ones.
    if (granted && link?.version === granted.before.link.version) {
      return { link: { ...link, ...granted.changes }, tokens: granted.tokens }
    }
    if (!link)
      throw new ConnectError('link_missing', `There is no link for user ${key.userId} at company ${key.companyId}.`)
    if (link.notice === 'needs_reauthorization') await this.#tellAgain(link)
    return { link, tokens: await openTokens(this.#kit.keyring, requireTokens(link)) }
  }

  #isDue({ link, tokens }: Fresh, rejected: string | undefined): boolean {
    if (rejected !== undefined) return tokens.accessToken === rejected
    if (link.tokensExpireAt === null) return false
    // Of a token that lives shorter than that, the first half is used: it would be refreshed all the time otherwise.
    const ahead = Math.min(this.#kit.refreshAhead, Math.max(0, (link.tokensExpireAt - link.updatedAt) / 2))
    return link.tokensExpireAt - this.#kit.clock() <= ahead
  }

  #stillWorks({ link }: Fresh, rejected: string | undefined): boolean {
    return rejected === undefined && link.tokensExpireAt !== null && link.tokensExpireAt > this.#kit.clock()
  }

  /** One refresh at a time among all processes: the holder of the lease refreshes, the others wait for what it writes. */
  async #refreshOnce(key: LinkKey, rejected: string | undefined): Promise<Fresh> {
    const deadline = performance.now() + TIMEOUT
    for (let attempt = 0; performance.now() < deadline; attempt++) {
      const done = await underLease(this.#kit.store, leaseOf(key), async () => {
        await this.#writeAgain(key)
        const fresh = await this.#read(key)
        return this.#isDue(fresh, rejected) ? this.#refresh(fresh, rejected) : fresh
      })
      if (done) return done.result
      const current = await this.#read(key)
      if (!this.#isDue(current, rejected) || this.#stillWorks(current, rejected)) return current
      await pauseBeforeLook(attempt)
    }
    throw new ConnectError(
      'provider_unavailable',
      'Another process has been refreshing this link for too long; try again.',
    )
  }

  async #refresh(before: Fresh, rejected: string | undefined): Promise<Fresh> {
    const name = leaseOf(before.link)
    try {
      this.#failures.requireNotPaused(name, this.#kit.clock(), pausedError)
      const tokens = await renewTokens(this.#kit, before)
      this.#failures.succeeded(name)
      const sealed = await keepTokens(this.#kit.keyring, before.link, tokens)
      if (rejected !== undefined) {
        this.#refreshedFor401.set(name, { accessToken: tokens.accessToken, at: this.#kit.clock() })
      }
      const changes = {
        ...sealed,
        status: 'active' as const,
        notice: null,
        scope: tokens.scope ?? before.link.scope,
        apiDomain: tokens.apiDomain ?? before.link.apiDomain,
      }
      return await this.#keep({ before, changes, tokens })
    } catch (error) {
      if (error instanceof OddRefusal && this.#failures.refusedOddly(name)) {
        return this.#markRefused(before, error.message)
      }
      if (error instanceof ConnectError && error.code === 'provider_unavailable' && !isPaused(error)) {
        this.#failures.failed(name, error, this.#kit.clock())
      }
      if (isConnectError(error, 'needs_reauthorization')) return this.#markRefused(before, error.message)
      if (isConnectError(error, 'provider_unavailable') && this.#stillWorks(before, rejected)) return before
      throw error
    }
  }

  /**
   * Writes what the refresh gave, under the lease; again where the store fails. Tokens that the provider has given are not
   * lost: they are used from memory, and written with the next refresh of this process.
   */
  async #keep(granted: Unwritten): Promise<Fresh> {
    const { before, changes, tokens } = granted
    for (let retry = 0; ; retry++) {
      try {
        return await this.#write(before, changes)
      } catch (error) {
        if (isConnectError(error, 'disconnected', 'link_missing', 'needs_reauthorization')) throw error
        if (retry < WRITE_RETRIES) {
          await this.#kit.wait(WRITE_PAUSE * 2 ** retry)
          continue
        }
        this.#unwritten.set(leaseOf(before.link), granted)
        this.#kit.onError(error, crypto.randomUUID().slice(0, 8))
        return { link: { ...before.link, ...changes }, tokens }
      }
    }
  }

  async #writeAgain(key: LinkKey): Promise<void> {
    const granted = this.#unwritten.get(leaseOf(key))
    if (!granted) return
    await this.#write(granted.before, granted.changes)
    this.#unwritten.delete(leaseOf(key))
  }

  /**
   * Writes the new tokens before anyone uses them. If another process wrote in the meantime, its tokens win if they have
   * another refresh token; otherwise it only found the old one refused, or encrypted it again.
   */
  async #write(before: Fresh, changes: Partial<StoredLink>): Promise<Fresh> {
    const { store, clock, keyring } = this.#kit
    let base = before.link
    for (;;) {
      const link = { ...base, ...changes, updatedAt: clock(), version: base.version + 1 }
      if (await store.replaceLink(link)) return { link, tokens: await openTokens(keyring, requireTokens(link)) }
      const theirs = await store.findLink(before.link)
      if (!theirs?.tokens) return this.#read(before.link)
      const { refreshToken } = await openTokens(keyring, { ...theirs, tokens: theirs.tokens })
      if (refreshToken !== before.tokens.refreshToken) return this.#read(before.link)
      base = theirs
    }
  }

  /** The user must allow the app again: stored first, then the hook is called. */
  async #markRefused(before: Fresh, reason: string): Promise<Fresh> {
    const { store, clock, hooks } = this.#kit
    const marked: StoredLink = {
      ...before.link,
      status: 'needs_reauthorization',
      notice: hooks.onNeedsReauthorization ? 'needs_reauthorization' : null,
      updatedAt: clock(),
      version: before.link.version + 1,
    }
    // Another process that wrote in the meantime may have refreshed: what it wrote decides.
    if (!(await store.replaceLink(marked))) return this.#read(before.link)
    await this.#tell(marked)
    throw needsReauthorization(reason)
  }

  /** Calls the hook and records that; if the hook fails, it is called again with the next request for a token. */
  async #tell(link: StoredLink): Promise<void> {
    const { store, hooks, onError } = this.#kit
    try {
      await hooks.onNeedsReauthorization?.(toLink(link))
      await store.replaceLink({ ...link, notice: null, version: link.version + 1 })
    } catch (error) {
      onError(error, crypto.randomUUID())
    }
  }

  /** The process that found out could not tell, or is gone. */
  async #tellAgain({ provider, companyId, userId }: StoredLink): Promise<void> {
    const key = { provider, companyId, userId }
    await underLease(this.#kit.store, leaseOf(key), async () => {
      const link = await this.#kit.store.findLink(key)
      if (link?.notice === 'needs_reauthorization') await this.#tell(link)
    })
  }
}
