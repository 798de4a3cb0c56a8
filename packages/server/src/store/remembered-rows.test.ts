import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import {
  addMember,
  createTenantry,
  removeMember,
  rotateSecret,
  setActive,
  setApp,
  setCompany,
  setDisabled,
  setMember,
  setSuspended,
  type Tenantry,
} from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  BOND,
  MI6,
  MONEYPENNY,
  ORIGIN,
  SECRET,
  startProvider,
  type TestProvider,
  UNIVERSAL_EXPORTS,
} from '../../../../tests/support/provider.ts'
import { temporaryFolder } from '../../../../tests/support/sandbox-process.ts'
import type { BearerChange } from './bearer-change.ts'
import { findActiveMembership } from './queries/active-memberships.ts'
import { findApp } from './queries/apps.ts'
import { RememberedRows } from './remembered-rows.ts'

describe('rows that a store remembers', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let provider: TestProvider
  /** Another server on the same file, which changes things behind the first one's back. */
  let other: Tenantry
  let apps: string[]

  beforeEach(async () => {
    folder = temporaryFolder()
    const path = join(folder.path, 'a.db')
    provider = await startProvider({ store: { path } })
    other = createTenantry({ store: { path }, secrets: [SECRET], origin: ORIGIN, clock: provider.now })
    apps = [(await provider.registerApp()).id, (await provider.registerApp({ name: 'Other' })).id]
  })
  afterEach(async () => {
    await provider.close()
    await other.close()
    folder.remove()
  })

  const MEMBERS = [
    [MI6, BOND],
    [MI6, MONEYPENNY],
    [UNIVERSAL_EXPORTS, BOND],
  ] as const

  /** All of them, as this store finds them, remembered or not. */
  async function seenBy({ store }: TestProvider['runtime']) {
    const rows = await Promise.all(apps.map(id => findApp(store, id)))
    const members = await Promise.all(MEMBERS.map(([company, user]) => findActiveMembership(store, company, user)))
    return { rows, members }
  }
  const withoutMemory = ({ runtime }: Tenantry) =>
    seenBy({
      ...runtime,
      store: Object.create(runtime.store, {
        remembered: { value: undefined },
        read: { value: runtime.store.read.bind(runtime.store) },
      }),
    })

  it('a remembered row is the same object until it changes, whatever else is committed', async () => {
    const { store } = provider.runtime
    const [app, member] = [await findApp(store, apps[0]!), await findActiveMembership(store, MI6, BOND)]
    await setApp(other.runtime, apps[1]!, { name: 'Changed' })
    await setMember(other.runtime, MI6, MONEYPENNY, { isAdmin: true })
    await setCompany(other.runtime, UNIVERSAL_EXPORTS, { name: 'Changed' })
    expect(await findApp(store, apps[0]!)).toBe(app)
    expect(await findActiveMembership(store, MI6, BOND)).toBe(member)
    await setApp(other.runtime, apps[0]!, { name: 'Changed as well' })
    await setCompany(other.runtime, MI6, { name: 'Changed as well' })
    expect((await findApp(store, apps[0]!))!.name).toBe('Changed as well')
    expect((await findActiveMembership(store, MI6, BOND))!.company_name).toBe('Changed as well')
  })

  it('remembered rows are shared, so no one can change them', async () => {
    const app = (await findApp(provider.runtime.store, apps[0]!)) as { name: string }
    expect(() => {
      app.name = 'Changed'
    }).toThrow(TypeError)
  })

  it('remembered rows equal the database after every change, here or by another server', async () => {
    let serial = 0
    const company = fc.constantFrom(MI6, UNIVERSAL_EXPORTS)
    const app = fc.nat({ max: 1 })
    const flag = fc.boolean()
    type Change = (runtime: TestProvider['runtime']) => Promise<unknown>
    const change: fc.Arbitrary<Change> = fc.oneof(
      app.map(index => (at: TestProvider['runtime']) => setApp(at, apps[index]!, { name: `Name ${++serial}` })),
      fc.tuple(app, flag).map(
        ([index, on]) =>
          (at: TestProvider['runtime']) =>
            setDisabled(at, apps[index]!, on),
      ),
      app.map(index => (at: TestProvider['runtime']) => rotateSecret(at, apps[index]!)),
      fc.tuple(company, flag).map(
        ([id, on]) =>
          (at: TestProvider['runtime']) =>
            setSuspended(at, id, on),
      ),
      company.map(id => (at: TestProvider['runtime']) => setCompany(at, id, { name: `Company ${++serial}` })),
      fc.tuple(fc.constantFrom(...MEMBERS), flag).map(
        ([[id, user], on]) =>
          (at: TestProvider['runtime']) =>
            setMember(at, id, user, { active: on }),
      ),
      fc.tuple(fc.constantFrom(BOND, MONEYPENNY), flag).map(
        ([user, on]) =>
          (at: TestProvider['runtime']) =>
            setActive(at, user, on),
      ),
      fc.constant(async (at: TestProvider['runtime']) => {
        await removeMember(at, MI6, MONEYPENNY)
        await addMember(at, { companyId: MI6, userId: MONEYPENNY, name: `Eve ${++serial}` })
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(change, flag), { minLength: 1, maxLength: 8 }), async changes => {
        for (const [apply, isHere] of changes) {
          await seenBy(provider.runtime)
          await apply((isHere ? provider : other).runtime)
          const [found, actual] = [await seenBy(provider.runtime), await withoutMemory(other)]
          expect(found).toEqual(actual)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('no row is older than what was acknowledged before it was asked for, while others write', async () => {
    let written = 0
    let isDone = false
    const writing = (async () => {
      for (let count = 1; count <= 150; count++) {
        await setApp(other.runtime, apps[0]!, { name: String(count) })
        written = count
      }
      isDone = true
    })()
    let asked = 0
    while (!isDone) {
      const acknowledged = written
      const { name } = (await findApp(provider.runtime.store, apps[0]!))!
      expect(Number(name) || 0).toBeGreaterThanOrEqual(acknowledged)
      asked += 1
      await turn()
    }
    await writing
    expect(asked).toBeGreaterThan(150)
  })

  it('what changed while it was read is not remembered', async () => {
    let changes: BearerChange[] = []
    const rows: RememberedRows = new RememberedRows(() => {
      for (const change of changes.splice(0)) rows.forget(change)
    })
    const key = { clientId: 'a' }
    const slow = Promise.withResolvers<{ version: number }>()
    const first = rows.find(key, () => slow.promise)
    changes = [{ company_id: null, user_id: null, token_hash: null, client_id: 'a' }]
    expect(await rows.find(key, async () => ({ version: 2 }))).toEqual({ version: 2 })
    slow.resolve({ version: 1 })
    expect(await first).toEqual({ version: 1 })
    expect(await rows.find(key, async () => ({ version: 3 }))).toEqual({ version: 2 })
  })

  it('what is not there is asked for each time, and many rows are forgotten before they fill the memory', async () => {
    const rows = new RememberedRows(() => {})
    let reads = 0
    const read = async (value: object | undefined) => {
      reads += 1
      return value
    }
    for (let each = 0; each < 3; each++) await rows.find({ clientId: 'none' }, () => read(undefined))
    expect(reads).toBe(3)
    for (let id = 0; id < 25_000; id++) {
      await rows.find({ companyId: id % 7, userId: id }, () => read({ id }))
      await rows.find({ clientId: String(id) }, () => read({ id }))
    }
    expect(rows.sizes.rows).toBeLessThanOrEqual(11_000)
    rows.forget({ company_id: 3, user_id: null, token_hash: null, client_id: null })
    for (let id = 0; id < 25_000; id++) {
      rows.forget({ company_id: id % 7, user_id: id, token_hash: null, client_id: null })
      rows.forget({ company_id: null, user_id: null, token_hash: null, client_id: String(id) })
    }
    // Nothing stays of a company whose members were forgotten one by one.
    expect(rows.sizes).toEqual({ rows: 0, companies: 0 })
  })
})
