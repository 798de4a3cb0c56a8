import { randomBytes } from 'node:crypto'
import {
  deleteMasterKey,
  insertMasterKey,
  listMasterKeys,
  type MasterKeyRow,
  resealMasterKey,
} from '../store/queries/master-keys.ts'
import { type Statement, type Store, StoreOpenError, StoreUnavailable, WriteConflict } from '../store/store.ts'
import { ACTIVE_AFTER, describeMasterKeys, type MasterKeyFacts, plausibleStart } from './key-facts.ts'
import { decrypt, deriveKeys, encrypt, type Keys } from './keys.ts'

const SECOND = 1000
const DAY = 24 * 3600 * SECOND

/** How long a key verifies after its successor became active. */
const KEPT_FOR = 30 * DAY
/** Milliseconds between two looks at the keys in the database. */
export const RELOAD_EVERY = 30 * SECOND

/** What keys are derived from, opened. */
interface MasterKey {
  keyId: number
  secret: string
  createdAt: number
  activeAt: number
}

/**
 * The keys that all nodes share, derived from master keys in the database, which are sealed under the configured secrets.
 * They can be used once {@link load} or {@link ready} has resolved. What programs before master keys made is still
 * verified under keys that are derived from the secrets themselves.
 */
export class KeyRing implements Keys {
  readonly #store: Store
  readonly #secrets: readonly string[]
  readonly #clock: () => number
  /** Derived from the configured secrets. */
  readonly #configured: Keys
  #masters: readonly MasterKey[] = []
  #derived: Keys | undefined
  #derivedUntil = Infinity

  /** @throws {SettingsError} when a secret is missing or too short to be one */
  constructor(store: Store, secrets: readonly string[], clock: () => number) {
    this.#store = store
    this.#secrets = secrets
    this.#clock = clock
    this.#configured = deriveKeys(secrets)
  }

  get successor() {
    return this.#now().successor
  }
  get forms() {
    return this.#now().forms
  }
  get knownBrowser() {
    return this.#now().knownBrowser
  }
  get encryption() {
    return this.#now().encryption
  }

  /**
   * The keys, loaded if they were not: for what encrypts outside a running server.
   * @throws {StoreOpenError} when they are sealed under a secret that is not configured
   */
  async ready(): Promise<Keys> {
    if (this.#derived === undefined) await this.load()
    return this
  }

  /**
   * Reads the current keys; creates the first one if there is none. The first call seals them again if
   * the current secret is another one.
   * @throws {StoreOpenError} when they are sealed under a secret that is not configured
   */
  async load(): Promise<void> {
    let rows = await listMasterKeys(this.#store)
    if (rows.length === 0) {
      await this.#insert(1, 0)
      rows = await listMasterKeys(this.#store)
    }
    const isFirst = this.#masters.length === 0
    this.#masters = rows.map(row => this.#open(row))
    this.#derive()
    // Once only: while a change of secrets is rolled out, nodes differ in which is the current one.
    if (isFirst) await this.#resealOld(rows)
  }

  /**
   * Makes a new key, to be used from a moment on when every node has read it; the earlier ones still verify.
   * @param also written in the same commit
   * @returns when that is, in milliseconds since 1970
   * @throws {WriteConflict} when another program makes one at this moment
   */
  async rotate(also: readonly Statement[] = []): Promise<number> {
    await this.load()
    const activeAt = this.#clock() + ACTIVE_AFTER
    await this.#insert(this.#masters[0]!.keyId + 1, ACTIVE_AFTER, also)
    await this.load()
    return activeAt
  }

  /** Deletes keys that nothing can have been made under for a month, but for those that `isNeeded` says are. */
  async deleteOld(isNeeded: (encryptionId: string) => boolean): Promise<void> {
    const now = this.#clock()
    const old = this.#masters.filter((key, index) => {
      const next = this.#masters[index - 1]
      return next && next.activeAt + KEPT_FOR < now && !isNeeded(deriveKeys([key.secret]).encryption[0]!.id)
    })
    if (old.length > 0) await this.#store.write(old.map(({ keyId }) => deleteMasterKey(this.#store, keyId)))
  }

  /** Which there are, the newest first. */
  list(): MasterKeyFacts[] {
    const rows = this.#masters.map(key => ({ key_id: key.keyId, created_at: key.createdAt, active_at: key.activeAt }))
    return describeMasterKeys(rows, this.#clock())
  }

  #now(): Keys {
    if (this.#derived === undefined) throw new StoreUnavailable('The keys have not been loaded from the database.')
    return this.#clock() >= this.#derivedUntil ? this.#derive() : this.#derived
  }

  /** Current and earlier keys, then those of earlier programs, then those that are not used yet. */
  #derive(): Keys {
    const now = this.#clock()
    const coming = this.#masters.filter(({ activeAt }) => activeAt > now)
    const usable = this.#masters.filter(({ activeAt }) => activeAt <= now)
    const secrets = [...usable.map(({ secret }) => secret), ...this.#secrets, ...coming.map(({ secret }) => secret)]
    this.#derived = deriveKeys(secrets)
    this.#derivedUntil = Math.min(...coming.map(({ activeAt }) => activeAt))
    return this.#derived
  }

  async #insert(keyId: number, activeAfter: number, also: readonly Statement[] = []) {
    const now = this.#clock()
    const secret = randomBytes(32).toString('base64url')
    const row: MasterKeyRow = {
      key_id: keyId,
      sealed: encrypt(this.#configured, secret, ownerOf(keyId)),
      created_at: now,
      active_at: now + activeAfter,
    }
    try {
      await this.#store.write([insertMasterKey(this.#store, row), ...also])
    } catch (error) {
      // The first key is made by whichever node comes first.
      if (!(error instanceof WriteConflict) || keyId !== 1) throw error
    }
  }

  #open({ key_id, sealed, created_at, active_at }: MasterKeyRow): MasterKey {
    const secret = decrypt(this.#configured, sealed, ownerOf(key_id))
    if (secret === undefined) {
      throw new StoreOpenError(
        'The keys in this database are sealed under another secret. Give that one too (TENANTRY_SECRETS, after the current one).',
      )
    }
    return { keyId: key_id, secret, createdAt: created_at, activeAt: plausibleStart(active_at, this.#clock()) }
  }

  async #resealOld(rows: readonly MasterKeyRow[]) {
    const current = this.#configured.encryption[0]!.id
    const old = rows.filter(({ sealed }) => !sealed.startsWith(`${current}.`))
    if (old.length === 0) return
    const statements = old.map(row => {
      const { secret } = this.#masters.find(({ keyId }) => keyId === row.key_id)!
      return resealMasterKey(this.#store, row, encrypt(this.#configured, secret, ownerOf(row.key_id)))
    })
    try {
      await this.#store.write(statements)
    } catch (error) {
      // Another node did the same.
      if (!(error instanceof WriteConflict)) throw error
    }
  }
}

function ownerOf(keyId: number): string {
  return `master key ${keyId}`
}
