import { randomBytes } from 'node:crypto'
import { type Target, type TransferRow, type TransferTable, transferTables } from '../transfer/tables.ts'
import { type Group, groups, type Size, seededRandom } from './population.ts'
import {
  APPS,
  appRow,
  clientId,
  companyRows,
  membershipRow,
  membersOf,
  type Offsets,
  tokenRows,
  userRow,
} from './rows.ts'
import { Sample } from './sample.ts'

/** Marks a database that holds made-up people: it is not served in production. */
export const LOAD_SETTING = 'load'

/** The number of rows of a table that are written together. */
const BATCH = 5000

export interface LoadOptions {
  size: Size
  /** How long the access tokens live, in milliseconds. */
  lifetime: number
  /** How many access tokens are chosen, each as likely as any other. */
  sampleSize: number
  offsets: Offsets
  now: number
  /** Called now and then with the rows done, of how many about. */
  progress: (done: number, total: number) => void
}

/**
 * Fills a database with apps, companies, users, memberships and live tokens.
 * @returns the chosen access tokens, in no order, and how many rows were written
 */
export async function fill(target: Target, options: LoadOptions): Promise<{ sample: string[]; rows: number }> {
  const { size, now, offsets } = options
  const members = countMembers(size)
  const share = new Share(size.tokens, members)
  const expected = APPS + 2 * size.users + 2 * size.companies + 2 * members + 2 * size.tokens + share.installations
  const writer = new BatchWriter(target, done => options.progress(done, expected))
  for (let app = 1; app <= APPS; app++) await writer.add('apps', appRow(app, now))
  await writer.flush()
  for (let user = 1; user <= size.users; user++) {
    const row = userRow(offsets.user + user, now)
    await writer.add('users', row)
    await writer.add('sign_in_emails', { email: row.email!, user_id: row.user_id! })
  }
  const sample = new Sample(options.sampleSize)
  for (const group of population(size)) await addCompany(writer, group, { ...options, sample, share })
  await writer.flush()
  return { sample: sample.shuffled(), rows: writer.rows }
}

async function addCompany(
  writer: BatchWriter,
  group: Group,
  { offsets, now, lifetime, sample, share }: LoadOptions & { sample: Sample; share: Share },
) {
  const companyId = offsets.company + group.company
  const { company, domain } = companyRows(companyId, now)
  await writer.add('companies', company)
  await writer.add('company_domains', domain)
  for (const { userId, isHome } of membersOf(group, offsets)) {
    await writer.add('memberships', membershipRow(companyId, userId, isHome, now))
    await writer.add('user_companies', { user_id: userId, company_id: companyId })
    const tokens = share.next()
    for (let index = 0; index < tokens; index++) {
      // A member has each app once; more tokens than apps are more tokens of some.
      const app = ((userId + index) % APPS) + 1
      const grant = { companyId, userId, app, family: randomBytes(12).toString('hex'), lifetime }
      if (index < APPS) await writer.add('installations', installationRow(grant, now))
      const { accessToken, access, refresh } = tokenRows(grant, now)
      await writer.add('access_tokens', access)
      await writer.add('refresh_tokens', refresh)
      sample.offer(accessToken)
    }
  }
}

function installationRow(of: { companyId: number; userId: number; app: number }, now: number): TransferRow {
  return {
    company_id: of.companyId,
    user_id: of.userId,
    client_id: clientId(of.app),
    scopes: 'base users:read',
    created_at: now,
    updated_at: now,
  }
}

function population(size: Size): Iterable<Group> {
  return groups(size, seededRandom(size.users))
}

function countMembers(size: Size): number {
  let members = 0
  for (const { homeUsers, guests } of population(size)) members += homeUsers + guests.length
  return members
}

/** Divides the tokens evenly among the members; some get one more. */
class Share {
  readonly #tokens: number
  readonly #members: number
  #served = 0

  constructor(tokens: number, members: number) {
    this.#tokens = tokens
    this.#members = members
  }

  next(): number {
    this.#served += 1
    return this.#upTo(this.#served) - this.#upTo(this.#served - 1)
  }

  /** A member installs an app once, whatever tokens it has of it. */
  get installations(): number {
    const least = Math.floor(this.#tokens / this.#members)
    return least >= APPS ? APPS * this.#members : this.#tokens
  }

  #upTo(member: number): number {
    return Math.floor((this.#tokens * member) / this.#members)
  }
}

/** Collects rows and writes many of a table at once, referenced tables first. */
class BatchWriter {
  readonly #target: Target
  readonly #progress: (rows: number) => void
  readonly #waiting = new Map<string, TransferRow[]>()
  rows = 0

  constructor(target: Target, progress: (rows: number) => void) {
    this.#target = target
    this.#progress = progress
  }

  async add(table: string, row: TransferRow): Promise<void> {
    const rows = this.#waiting.get(table)
    if (!rows) this.#waiting.set(table, [row])
    else if (rows.push(row) >= BATCH) await this.flush()
  }

  async flush(): Promise<void> {
    for (const table of transferTables) {
      const rows = this.#waiting.get(table.name)
      if (!rows || rows.length === 0) continue
      this.#waiting.set(table.name, [])
      await this.#write(table, rows)
      this.rows += rows.length
    }
    this.#progress(this.rows)
  }

  /** The apps may be there from an earlier time. */
  #write(table: TransferTable, rows: TransferRow[]): Promise<void> {
    return table.name === 'apps' ? this.#target.upsert(table, rows) : this.#target.insert(table, rows)
  }
}
