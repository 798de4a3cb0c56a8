import { join } from 'node:path'
import fc from 'fast-check'
import { createTenantry, removeMember, setActive, setDisabled, setMember, setSuspended, type Tenantry } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client } from '../../../../../tests/support/client.ts'
import {
  BOND,
  MI6,
  MONEYPENNY,
  MONEYPENNY_EMAIL,
  ORIGIN,
  SECRET,
  startProvider,
  type TestProvider,
  UNIVERSAL_EXPORTS,
} from '../../../../../tests/support/provider.ts'
import { temporaryFolder } from '../../../../../tests/support/sandbox-process.ts'
import { issueFirstTokens } from '../../tokens/issue.ts'
import { hashAsText, parseToken } from '../../tokens/token-text.ts'
import type { BearerChange } from '../bearer-change.ts'
import type { BearerRecord } from '../bearer-record.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import { deleteExpired } from '../queries/expired.ts'
import { findInstallation, putInstallation } from '../queries/installations.ts'
import { CachedBearers } from './bearer-finder.ts'

const NO_CHANGE: BearerChange = { company_id: null, user_id: null, token_hash: null, client_id: null }

/** Cached bearers over rows that a test has in its hands. */
function cachedBearers(find: (tokenHash: string) => BearerRecord | undefined, poll: () => BearerChange[]) {
  const rows = {
    find: (_: number, tokenHash: Uint8Array) => find(Buffer.from(tokenHash).toString('latin1')),
    forget() {},
    clear() {},
    close() {},
  }
  return new CachedBearers({ poll }, rows, () => {})
}

function withoutMemo(record: MaybePromise<BearerRecord | undefined>) {
  return record && { ...record, memo: undefined }
}

describe('what bearer checks cache', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let path: string
  let provider: TestProvider
  /** Another server on the same file, which changes things behind the first one's back. */
  let other: Tenantry
  let client: Client

  beforeEach(async () => {
    folder = temporaryFolder()
    path = join(folder.path, 'a.db')
    provider = await startProvider({ store: { path } })
    other = createTenantry({ store: { path }, secrets: [SECRET], origin: ORIGIN, clock: provider.now })
    client = await provider.registerApp()
  })
  afterEach(async () => {
    await provider.close()
    await other.close()
    folder.remove()
  })

  const token = async (choice = {}) => (await client.tokens(await provider.person().code(client, choice))).access_token
  const findIn = ({ runtime }: Tenantry, text: string) =>
    runtime.store.findBearer(hashAsText(text), parseToken(text)!.companyId)
  const remembered = (text: string) => findIn(provider.tenantry, text)
  /** What the database says, asked by a server that has just begun. */
  const actual = async (text: string) => {
    const fresh = createTenantry({ store: { path }, secrets: [SECRET], origin: ORIGIN })
    const record = findIn(fresh, text)
    await fresh.close()
    return record
  }

  it('a cached record stays the same object while nothing that it depends on changes, whatever else is committed', async () => {
    const text = await token({ company: MI6 })
    const before = remembered(text)
    const { refresh_token } = await client.tokens(await provider.person().code(client, { email: MONEYPENNY_EMAIL }))
    await client.refresh(refresh_token)
    expect(before).toBeDefined()
    expect(remembered(text)).toBe(before)
  })

  /** Everybody active again, and new tokens of both users at both companies. */
  async function startAgain(): Promise<string[]> {
    const { runtime } = provider
    await setDisabled(runtime, client.id, false)
    for (const id of [MI6, UNIVERSAL_EXPORTS]) await setSuspended(runtime, id, false)
    for (const user of [BOND, MONEYPENNY]) await setActive(runtime, user, true)
    await setMember(runtime, MI6, BOND, { active: true })
    await setMember(runtime, UNIVERSAL_EXPORTS, BOND, { active: true })
    const owners = [
      { company_id: MI6, user_id: BOND },
      { company_id: MI6, user_id: BOND },
      { company_id: UNIVERSAL_EXPORTS, user_id: BOND },
      { company_id: MI6, user_id: MONEYPENNY },
    ]
    const tokensOf: string[] = []
    for (const [index, owner] of owners.entries()) {
      const key = { ...owner, client_id: client.id }
      const installation = { ...key, scopes: 'base', created_at: provider.now(), updated_at: provider.now() }
      const { tokens, statements } = issueFirstTokens(runtime, { ...key, family_id: `family ${index}` }, ['base'])
      const before = await findInstallation(runtime.store, key)
      await runtime.store.write([putInstallation(runtime.store, installation, before), ...statements])
      tokensOf.push(tokens.accessToken)
    }
    return tokensOf
  }

  it('a cached record equals the database after every change, here or by another server', async () => {
    const here = new Client((to, init) => provider.fetch(to, init), client.id, client.secret, client.redirectUri)
    const there = new Client(
      (to, init) => other.fetch(new Request(new URL(to, ORIGIN), init)),
      client.id,
      client.secret,
      client.redirectUri,
    )
    const company = fc.constantFrom(MI6, UNIVERSAL_EXPORTS)
    const flag = fc.boolean()
    type Step = (runtime: Tenantry['runtime'], at: Client, tokens: string[]) => Promise<unknown>
    const step = fc.oneof(
      fc.tuple(company, flag).map(
        ([id, on]): Step =>
          runtime =>
            setSuspended(runtime, id, on),
      ),
      fc.tuple(company, flag).map(
        ([id, active]): Step =>
          runtime =>
            setMember(runtime, id, BOND, { active }),
      ),
      fc.tuple(company, fc.nat(9)).map(
        ([id, n]): Step =>
          runtime =>
            setMember(runtime, id, BOND, { name: `B${n}` }),
      ),
      fc.tuple(fc.constantFrom(BOND, MONEYPENNY), flag).map(
        ([id, on]): Step =>
          runtime =>
            setActive(runtime, id, on),
      ),
      flag.map(
        (on): Step =>
          runtime =>
            setDisabled(runtime, client.id, on),
      ),
      fc.nat(3).map(
        (index): Step =>
          (_runtime, at, tokens) =>
            at.revoke(tokens[index]!),
      ),
      fc.constant<Step>(runtime => deleteExpired(runtime.store, provider.now())),
      fc.constant<Step>(() => provider.person().signIn()),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(step, flag), { minLength: 1, maxLength: 12 }), async steps => {
        const tokens = await startAgain()
        for (const text of tokens) expect(remembered(text)).toBeDefined()
        for (const [act, elsewhere] of steps) {
          await act(elsewhere ? other.runtime : provider.runtime, elsewhere ? there : here, tokens)
          for (const text of tokens) expect(withoutMemo(remembered(text))).toEqual(withoutMemo(await actual(text)))
        }
      }),
      // Signing in takes long on a busy machine: as many histories as there is time for.
      { numRuns: 30, interruptAfterTimeLimit: 30_000, markInterruptAsFailure: false },
    )
  })

  it('a cached record is forgotten when a membership ends and takes its tokens with it', async () => {
    const text = await token({ company: MI6 })
    expect(remembered(text)).toBeDefined()
    await removeMember(other.runtime, MI6, BOND)
    expect(remembered(text)).toBeUndefined()
  })

  it('the cache is cleared if the change log does not reach back far enough', async () => {
    const text = await token({ company: MI6 })
    const before = remembered(text)
    await setMember(other.runtime, MI6, BOND, { name: 'Commander Bond' })
    await setMember(other.runtime, MI6, MONEYPENNY, { name: 'Eve' })
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(path, { timeout: 5000 })
    database.exec('DELETE FROM bearer_changes WHERE seq < (SELECT max(seq) FROM bearer_changes)')
    database.close()
    expect((await before)?.name).toBe('James Bond')
    expect((await remembered(text))?.name).toBe('Commander Bond')
  })

  it('a cached record is queried once, and an unknown token every time', () => {
    let asked = 0
    let changes: BearerChange[] = []
    const record = { companyId: 1, userId: 7, clientId: 'c' } as unknown as BearerRecord
    const bytes = new Uint8Array(32).fill(1)
    const hash = Buffer.from(bytes).toString('latin1')
    const unknown = '\0'.repeat(32)
    const bearers = cachedBearers(
      asking => {
        asked += 1
        return asking === hash ? record : undefined
      },
      () => changes.splice(0),
    )
    const find = (asking: string) => bearers.find(asking, 1)
    expect([find(hash), find(hash)]).toEqual([record, record])
    expect(asked).toBe(1)
    expect([find(unknown), find(unknown)]).toEqual([undefined, undefined])
    expect(asked).toBe(3)
    for (const [what, forgotten] of [
      [{ company_id: 2 }, false],
      [{ company_id: 1, user_id: 8 }, false],
      [{ client_id: 'other' }, false],
      [{ company_id: 1, token_hash: new Uint8Array(32) }, false],
      [{ company_id: 1 }, true],
      [{ company_id: 1, user_id: 7 }, true],
      [{ client_id: 'c' }, true],
      [{ company_id: 1, token_hash: bytes }, true],
    ] as const) {
      find(hash)
      const before = asked
      changes = [{ ...NO_CHANGE, ...what }]
      find(hash)
      expect({ what, forgotten: asked > before }).toEqual({ what, forgotten })
    }
  })

  it('requests that had begun before one turn share one read of what was committed; all others read for themselves', async () => {
    const hash = hashAsText('a token')
    let polls = 0
    let fails = true
    const bearers = cachedBearers(
      () => record(1, 7),
      () => {
        polls += 1
        if (fails) throw new Error('a disk error')
        return []
      },
    )
    const find = (beganBeforeTurn?: boolean) => bearers.find(hash, 1, beganBeforeTurn)
    // A read that failed is shared with none.
    for (let index = 0; index < 2; index++) expect(() => find(true)).toThrow('a disk error')
    fails = false
    for (let turn = 0; turn < 3; turn++) {
      polls = 0
      for (let index = 0; index < 5; index++) find(true)
      expect(polls).toBe(1)
      find()
      find(false)
      expect(polls).toBe(3)
      await new Promise(resolve => setImmediate(resolve))
    }
  })

  /** A database of records by their hashes, with the log of what changed in it. */
  function table() {
    const records = new Map<string, BearerRecord>()
    const log: BearerChange[] = []
    let asked = 0
    const bearers = cachedBearers(
      hash => {
        asked += 1
        return records.get(hash)
      },
      () => log.splice(0),
    )
    return {
      records,
      asked: () => asked,
      find: (hash: string) => bearers.find(hash, 1),
      change: (what: Partial<BearerChange>) => log.push({ ...NO_CHANGE, ...what }),
    }
  }

  const record = (companyId: number, userId: number, name = '') =>
    ({ companyId, userId, clientId: `app ${userId % 2}`, name }) as unknown as BearerRecord

  it('the cache never takes one token for another, though their hashes begin alike', () => {
    const begins = ['aaaa', 'aaab', 'aaa\u00e1']
    const hash = fc
      .tuple(fc.constantFrom(...begins), fc.integer({ min: 0, max: 5 }))
      .map(([begin, end]) => begin.padEnd(31, 'x') + end)
    const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'))
    const step = fc.oneof(
      hash.map(at => ({ kind: 'find' as const, at })),
      fc
        .tuple(hash, fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 }))
        .map(([at, company, user]) => ({ kind: 'put' as const, at, company, user })),
      hash.map(at => ({ kind: 'revoke' as const, at })),
      fc
        .tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 }))
        .map(([company, user]) => ({ kind: 'member' as const, company, user })),
      fc.integer({ min: 1, max: 2 }).map(company => ({ kind: 'company' as const, company })),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const { records, find, change } = table()
        let version = 0
        const rename = (matches: (one: BearerRecord) => boolean) => {
          version += 1
          for (const [at, one] of records)
            if (matches(one)) records.set(at, record(one.companyId, one.userId, `v${version}`))
        }
        for (const one of steps) {
          // A token that is gone does not come again.
          if (one.kind === 'put' && !records.has(one.at)) records.set(one.at, record(one.company, one.user))
          if (one.kind === 'revoke' && records.delete(one.at)) change({ company_id: 1, token_hash: bytes(one.at) })
          if (one.kind === 'member') {
            rename(({ companyId, userId }) => companyId === one.company && userId === one.user)
            change({ company_id: one.company, user_id: one.user })
          }
          if (one.kind === 'company') {
            rename(({ companyId }) => companyId === one.company)
            change({ company_id: one.company })
          }
          if (one.kind === 'find') expect(find(one.at)).toBe(records.get(one.at))
        }
        for (const [at, one] of records) expect(find(at)).toBe(one)
      }),
      { numRuns: 300 },
    )
  })

  it('the cache keeps records in use when many others pass, and forgets what changed however long ago it was found', () => {
    const { records, find, change, asked } = table()
    const hashOf = (index: number) => hashAsText(`token ${index}`)
    const inUse = Array.from({ length: 100 }, (_, index) => hashOf(index))
    for (let index = 0; index < 200_000; index++) records.set(hashOf(index), record(1, index))
    for (const hash of inUse) find(hash)
    for (let index = 100; index < 200_000; index++) {
      // Asked for twice, each of the crowd is taken in.
      find(hashOf(index))
      find(hashOf(index))
      if (index % 100 === 0) find(inUse[(index / 100) % 100]!)
    }
    const before = asked()
    for (const hash of inUse) expect(find(hash)).toBe(records.get(hash))
    expect(asked() - before).toBe(0)
    for (const [index, hash] of inUse.entries()) {
      records.set(hash, record(1, index, 'renamed'))
      change({ company_id: 1, user_id: index })
      expect((find(hash) as BearerRecord).name).toBe('renamed')
    }
  })
})
