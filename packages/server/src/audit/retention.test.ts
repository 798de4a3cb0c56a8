import { compactVerify, decodeProtectedHeader, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { admin, useAdmin } from '../../../../tests/support/admin.ts'
import { BOND, MI6, SECRET, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { setMember } from '../companies/memberships.ts'
import { KeyRing } from '../config/key-ring.ts'
import type { Runtime } from '../config/runtime.ts'
import { maintainKeys } from '../maintain-keys.ts'
import { findAuditCheckpoint } from '../store/queries/audit-checkpoints.ts'
import { chainAuditEvents, verifyChain } from './chain.ts'
import { NO_COMPANY } from './record.ts'
import { cutOldEvents } from './retention.ts'

const DAY = 24 * 3600 * 1000
const trusted = { isTrusted: async () => true }

describe('retention of the audit log', () => {
  useProvider(() => ({ auditRetentionDays: 30 }))
  useAdmin()

  /** Changes a member so often, and chains it. */
  async function record(count: number, companyId = MI6) {
    for (let index = 0; index < count; index++) {
      await setMember(provider.runtime, companyId, BOND, { phone: `${provider.now()} ${index}` })
    }
    await expect
      .poll(async () => {
        await chainAuditEvents(provider.runtime)
        return (await verifyChain(provider.runtime, companyId)).unchained
      })
      .toBe(0)
  }

  /** Ends the lease of the last run. */
  async function cut(runtime: Runtime = provider.runtime, guard = trusted) {
    provider.pass(20 * 3600 * 1000)
    return cutOldEvents(runtime, guard)
  }

  const tamper = (sql: string) => provider.runtime.store.write([{ sql, parameters: [] }])

  it('old events are removed from the beginning of each chain, and the chain still fits', async () => {
    await record(5)
    await record(3, UNIVERSAL_EXPORTS)
    provider.pass(31 * DAY)
    await record(4)
    const before = await verifyChain(provider.runtime, MI6)
    expect(await cut()).toBeGreaterThan(8)
    const after = await verifyChain(provider.runtime, MI6)
    expect(after).toMatchObject({ events: 4, problem: null, end: before.end, cut: { isOwnKey: true } })
    expect(after.cut!.seq).toBe(before.events - 4)
    expect(await verifyChain(provider.runtime, UNIVERSAL_EXPORTS)).toMatchObject({ events: 0, problem: null })
    expect(await cut()).toBe(0)
    await record(2)
    await record(2, UNIVERSAL_EXPORTS)
    for (const companyId of [MI6, UNIVERSAL_EXPORTS, NO_COMPANY]) {
      expect((await verifyChain(provider.runtime, companyId)).problem).toBeNull()
    }
    provider.pass(31 * DAY)
    await cut()
    expect(await verifyChain(provider.runtime, MI6)).toMatchObject({ events: 0, problem: null })
  })

  it('a cut is a JWS that a library verifies with the key in its header', async () => {
    await record(3)
    provider.pass(31 * DAY)
    await cut()
    const { status, body } = await admin('GET', `/audit-checkpoint?company_id=${MI6}`)
    expect(status).toBe(200)
    const { jwk, alg } = decodeProtectedHeader(body.signed)
    const { payload } = await compactVerify(body.signed, await importJWK(jwk!, alg))
    const { signed: _, ...said } = body
    expect(JSON.parse(new TextDecoder().decode(payload))).toEqual(said)
    expect(said).toMatchObject({ company_id: MI6, hash: (await verifyChain(provider.runtime, MI6)).end })
    expect(JSON.stringify(jwk)).not.toContain('"d"')
    expect((await admin('GET', '/audit-checkpoint?company_id=4711')).status).toBe(404)
  })

  it('events that were removed without a signed cut are found, whatever is written in its place', async () => {
    await record(8)
    provider.pass(31 * DAY)
    await record(8)
    await cut()
    const { store } = provider.runtime
    const own = (await findAuditCheckpoint(store, MI6))!
    const set = (column: string, value: unknown) =>
      store.write([
        store.db
          .updateTable('audit_checkpoints')
          .set({ [column]: value })
          .where('company_id', '=', MI6)
          .compile(),
      ])
    const problem = async () => (await verifyChain(provider.runtime, MI6)).problem?.reason
    expect(await problem()).toBeUndefined()

    const { privateKey, publicKey } = await generateKeyPair('Ed25519')
    const jwk = await exportJWK(publicKey)
    const statement = JSON.parse(Buffer.from(own.signed.split('.')[1]!, 'base64url').toString())
    const forged = await new SignJWT(statement)
      .setProtectedHeader({ alg: 'Ed25519', typ: 'tenantry-audit-checkpoint', jwk })
      .sign(privateKey)
    const [header, payload, signature] = own.signed.split('.')
    const changed = signature!.replace(/^./, first => (first === '_' ? '-' : '_'))
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'tenantry-audit-checkpoint', jwk })).toString(
      'base64url',
    )
    for (const [column, value, reason] of [
      ['seq', own.seq + 2, 'the signature of the cut does not fit'],
      ['hash', Buffer.alloc(32), 'the signature of the cut does not fit'],
      ['cut_at', 1, 'the signature of the cut does not fit'],
      ['signed', `${header}.${payload}.${changed}`, 'the signature of the cut does not fit'],
      ['signed', `${none}.${payload}.`, 'the signature of the cut does not fit'],
      ['signed', 'x', 'the signature of the cut does not fit'],
      ['signed', forged, 'the cut is signed by a key that is not of this server'],
    ] as const) {
      await set(column, value)
      expect([column, await problem()]).toEqual([column, reason])
      await set(column, own[column])
    }
    await set('signed', forged)
    const { calculateJwkThumbprint } = await import('jose')
    const keyId = await calculateJwkThumbprint(jwk)
    await tamper(`UPDATE signing_keys SET key_id = '${keyId}'`)
    expect(await problem()).toBe('the cut is signed by a key that is not of this server')
    await set('signed', own.signed)
    await tamper(`DELETE FROM audit_checkpoints WHERE company_id = ${MI6}`)
    expect(await problem()).toBe('event 1 is missing')
  })

  it('no event is removed that is young, where no policy is set, or while the clock may be wrong', async () => {
    await record(3)
    provider.pass(29 * DAY)
    await record(1)
    expect(await cut()).toBe(0)
    provider.pass(2 * DAY)
    expect(await cut(provider.runtime, { isTrusted: async () => false })).toBe(0)
    const { settings } = provider.runtime
    expect(await cut({ ...provider.runtime, settings: { ...settings, auditRetentionDays: undefined } })).toBe(0)
    expect(await cut()).toBeGreaterThan(0)
  })

  it('nodes that cut at once, and one that verifies meanwhile, find a chain that fits', async () => {
    await record(60)
    provider.pass(31 * DAY)
    await record(5)
    const { runtime } = provider
    const eager: Runtime = {
      ...runtime,
      store: new Proxy(runtime.store, {
        get(target, name) {
          if (name === 'write')
            return (statements: { sql: string }[]) => target.write(withoutLease(statements) as never)
          const value = Reflect.get(target, name)
          return typeof value === 'function' ? value.bind(target) : value
        },
      }),
    }
    const reports = await Promise.all([
      ...Array.from({ length: 4 }, () => cutOldEvents(eager, trusted).then(() => undefined)),
      ...Array.from({ length: 10 }, () => verifyChain(runtime, MI6)),
    ])
    for (const report of reports) expect(report?.problem ?? null).toBeNull()
    expect(await verifyChain(runtime, MI6)).toMatchObject({ events: 5, problem: null })
  })

  it('the key that signs outlives the master key that it was encrypted under', async () => {
    await record(3)
    provider.pass(31 * DAY)
    await cut()
    const { runtime } = provider
    await runtime.keys.rotate()
    provider.pass(5 * 60_000)
    await maintainKeys(runtime, trusted as never)
    provider.pass(40 * DAY)
    await maintainKeys(runtime, trusted as never)
    await runtime.keys.load()
    expect(runtime.keys.list()).toHaveLength(1)
    const fresh = { ...runtime, keys: new KeyRing(runtime.store, [SECRET], runtime.clock) }
    const { cut: found, problem } = await verifyChain(fresh, MI6)
    expect([found?.isOwnKey, problem]).toEqual([true, null])
    const withoutSecrets = {
      ...runtime,
      keys: new KeyRing(runtime.store, ['another secret that is long enough to be one'], runtime.clock),
    }
    expect((await verifyChain(withoutSecrets, MI6)).cut?.isOwnKey).toBeNull()
  })

  function withoutLease(statements: { sql: string }[]) {
    return statements.filter(({ sql }) => !sql.includes('"leases"'))
  }
})
