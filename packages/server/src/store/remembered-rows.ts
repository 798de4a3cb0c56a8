import type { BearerChange } from './bearer-change.ts'

/** What a row is of: an app, or a member of a company. */
export type RowKey = { clientId: string } | { companyId: number; userId: number }

const MAX_APPS = 1000
const MAX_MEMBERS = 10_000

/**
 * Rows that are asked for all the time, remembered until they change: each call first forgets what was committed since the
 * last one, whichever process did it. Rows are frozen, since all who ask share them. Those that are not there are not remembered.
 */
export class RememberedRows {
  readonly #forgetChanged: () => void
  readonly #apps = new Map<string, object>()
  readonly #companies = new Map<number, Map<number, object>>()
  #members = 0
  /** Grows with each change: what was read before one is not remembered after it. */
  #changes = 0

  /** @param forgetChanged calls {@link forget} and {@link clear} for what was committed since it was called last */
  constructor(forgetChanged: () => void) {
    this.#forgetChanged = forgetChanged
  }

  /** @param read reads the row in its newest state */
  async find<Row extends object>(key: RowKey, read: () => Promise<Row | undefined>): Promise<Row | undefined> {
    this.#forgetChanged()
    const known = this.#get(key)
    if (known) return known as Row
    const changes = this.#changes
    const row = await read()
    if (row !== undefined && changes === this.#changes) this.#add(key, Object.freeze(row))
    return row
  }

  forget({ company_id, user_id, token_hash, client_id }: BearerChange) {
    if (token_hash !== null) return
    this.#changes += 1
    if (client_id !== null) this.#apps.delete(client_id)
    else if (company_id === null) this.clear()
    else if (user_id === null) this.#forgetCompany(company_id)
    else this.#forgetMember(company_id, user_id)
  }

  clear() {
    this.#changes += 1
    this.#apps.clear()
    this.#companies.clear()
    this.#members = 0
  }

  /** For tests: how many rows are remembered, and of how many companies. */
  get sizes(): { rows: number; companies: number } {
    return { rows: this.#apps.size + this.#members, companies: this.#companies.size }
  }

  #get(key: RowKey): object | undefined {
    return 'clientId' in key ? this.#apps.get(key.clientId) : this.#companies.get(key.companyId)?.get(key.userId)
  }

  #add(key: RowKey, row: object) {
    if ('clientId' in key) {
      if (this.#apps.size >= MAX_APPS) this.#apps.clear()
      this.#apps.set(key.clientId, row)
      return
    }
    if (this.#members >= MAX_MEMBERS) {
      this.#companies.clear()
      this.#members = 0
    }
    const members = this.#companies.get(key.companyId) ?? new Map<number, object>()
    this.#companies.set(key.companyId, members)
    if (!members.has(key.userId)) this.#members += 1
    members.set(key.userId, row)
  }

  #forgetMember(companyId: number, userId: number) {
    const members = this.#companies.get(companyId)
    if (!members?.delete(userId)) return
    this.#members -= 1
    if (members.size === 0) this.#companies.delete(companyId)
  }

  #forgetCompany(companyId: number) {
    this.#members -= this.#companies.get(companyId)?.size ?? 0
    this.#companies.delete(companyId)
  }
}
