import { describe, expect, it } from 'vitest'
import { DAY, MINUTE, SECRET, startProvider } from '../../../../tests/support/provider.ts'
import { provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { decryptClientSecret } from '../apps/apps.ts'
import { maintainKeys } from '../maintain-keys.ts'
import { findApp } from '../store/queries/apps.ts'
import { listMasterKeys } from '../store/queries/master-keys.ts'
import { ClockGuard, confirmClock } from './clock-guard.ts'
import { KeyRing } from './key-ring.ts'
import { decrypt, deriveKeys, encrypt } from './keys.ts'

const NEW = 'the secret that the server is given from today on'

describe('keys that all nodes share', () => {
  useProvider()

  /** As a node that is configured with these secrets has it. */
  const node = (...secrets: string[]) => new KeyRing(provider.runtime.store, secrets, provider.runtime.clock)
  const current = (ring: KeyRing) => Buffer.from(ring.successor[0]!).toString('hex')

  it('keys that all nodes share are the same on every node, and not those that the secret alone would give', async () => {
    const [one, other] = [node(SECRET), node(SECRET)]
    await Promise.all([one.load(), other.load()])
    expect(current(one)).toBe(current(other))
    expect(current(one)).not.toBe(Buffer.from(deriveKeys([SECRET]).successor[0]!).toString('hex'))
  })

  it('keys that all nodes share refuse to encrypt and to sign before they are loaded, and load once where they are awaited', async () => {
    const ring = node(SECRET)
    expect(() => encrypt(ring, 'secret', 'owner')).toThrow('The keys have not been loaded')
    expect(() => ring.forms).toThrow('The keys have not been loaded')
    expect(decrypt(await ring.ready(), encrypt(await ring.ready(), 'secret', 'owner'), 'owner')).toBe('secret')
  })

  it('keys that all nodes share are made once, however many nodes start at the same moment on an empty database', async () => {
    const empty = await startProvider()
    await empty.runtime.store.write([{ sql: 'DELETE FROM master_keys', parameters: [] }])
    const rings = Array.from({ length: 16 }, () => new KeyRing(empty.runtime.store, [SECRET], empty.now))
    await Promise.all(rings.map(ring => ring.load()))
    expect(new Set(rings.map(current)).size).toBe(1)
    expect(await listMasterKeys(empty.runtime.store)).toHaveLength(1)
    await empty.close()
  })

  it('a new key verifies at once, and all nodes use it from the same moment two minutes later', async () => {
    const [one, other] = [node(SECRET), node(SECRET)]
    await other.load()
    const before = current(other)
    await one.rotate()
    await other.load()
    expect([current(one), current(other)]).toEqual([before, before])
    expect(one.forms).toHaveLength(other.forms.length)
    provider.pass(2 * MINUTE)
    expect(current(one)).not.toBe(before)
    expect(current(other)).toBe(current(one))
    expect(other.successor.map(key => Buffer.from(key).toString('hex'))).toContain(before)
  })

  it('two nodes that rotate at the same moment make one key, and one of them is told', async () => {
    const rings = [node(SECRET), node(SECRET)]
    const outcomes = await Promise.allSettled(rings.map(ring => ring.rotate()))
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true)
    const made = outcomes.filter(({ status }) => status === 'fulfilled').length
    expect(await listMasterKeys(provider.runtime.store)).toHaveLength(1 + made)
  })

  it('keys that all nodes share are not in the database in the clear, and not to be opened with another secret', async () => {
    const ring = node(SECRET)
    await ring.load()
    const [row] = await listMasterKeys(provider.runtime.store)
    expect(row!.sealed).toMatch(/^[0-9a-f]{8}\.[\w-]+\.[\w-]+$/)
    await expect(node(NEW).load()).rejects.toThrow(/sealed under another secret/)
  })

  it('outlive a change of the secret: sealed again at a start, then opened by the new one alone', async () => {
    const before = node(SECRET)
    await before.load()
    const during = node(NEW, SECRET)
    await during.load()
    const after = node(NEW)
    await after.load()
    expect(current(after)).toBe(current(before))
    await expect(node(SECRET).load()).rejects.toThrow(/sealed under another secret/)
    // A node that still runs with the old secret alone keeps what it has.
    await expect(before.load()).rejects.toThrow()
    expect(current(before)).toBe(current(after))
  })

  it('kept client secrets follow a rotation, and keys that nothing needs are forgotten after a month', async () => {
    const { runtime } = provider
    const client = await provider.registerApp({ uninstallUrl: 'http://127.0.0.1:9/gone' })
    await runtime.keys.rotate()
    provider.pass(3 * MINUTE)
    let passed = 0
    const guard = new ClockGuard(runtime, () => passed)
    await maintainKeys(runtime, guard)
    const app = (await findApp(runtime.store, client.id))!
    expect(app.encrypted_secret?.startsWith(runtime.keys.encryption[0]!.id)).toBe(true)
    expect(decryptClientSecret(runtime, app)).toBe(client.secret)
    expect(await listMasterKeys(runtime.store)).toHaveLength(2)
    provider.pass(31 * DAY)
    // Not while the clock alone says that it is so late.
    await maintainKeys(runtime, guard)
    expect(await listMasterKeys(runtime.store)).toHaveLength(2)
    passed += 31 * DAY
    await confirmClock(runtime.store, provider.now())
    await maintainKeys(runtime, guard)
    expect((await listMasterKeys(runtime.store)).map(({ key_id }) => key_id)).toEqual([2])
    expect(decryptClientSecret(runtime, (await findApp(runtime.store, client.id))!)).toBe(client.secret)
  })

  it('a form that was shown under the key before is accepted under the next', async () => {
    const client = await provider.registerApp()
    const person = provider.person()
    const page = await person.reachConsent(client, { company: 1 })
    await provider.runtime.keys.rotate()
    provider.pass(3 * MINUTE)
    const answer = await person.submit(page, { decision: 'allow' })
    expect(answer.headers.get('Location')).toContain('code=')
  })
})
