import { createHash } from 'node:crypto'
import fc from 'fast-check'
import {
  addMember,
  createCompany,
  createUser,
  deleteCompany,
  eraseUser,
  exportUser,
  type Runtime,
  setCompany,
  setMember,
  setPassword,
  setUser,
} from 'tenantry'
import { describe, expect, it } from 'vitest'
import { admin, adminWith, useAdmin } from '../../../../tests/support/admin.ts'
import {
  BOND,
  BOND_EMAIL,
  CALLBACK,
  MI6,
  MONEYPENNY,
  PASSWORD,
  UNIVERSAL_EXPORTS,
} from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import type { AuditEventRow } from '../store/queries/audit-events.ts'
import { type ChainReport, chainAuditEvents, verifyChain } from './chain.ts'
import { recordEvent } from './record.ts'
import { countRefusal, recordRefusals } from './refusals.ts'

describe('the audit log', () => {
  useProvider()
  useAdmin()

  const events = async (query = '') => (await admin('GET', `/audit-events?limit=1000${query}`)).body.data
  const latest = async (query = '') => (await events(query))[0]
  const rows = (): Promise<AuditEventRow[]> =>
    provider.runtime.store.db.selectFrom('audit_events').selectAll().execute() as Promise<AuditEventRow[]>

  /** Gives every event its place, here or in a job of the server. */
  async function chain(companyId: number): Promise<ChainReport> {
    await expect
      .poll(async () => {
        await chainAuditEvents(provider.runtime)
        return (await verifyChain(provider.runtime, companyId)).unchained
      })
      .toBe(0)
    return verifyChain(provider.runtime, companyId)
  }

  it('a change over HTTP is recorded with the key, the address, the request, and what was there before and after', async () => {
    const { call, facts } = await adminWith({ scopes: ['members:write'] })
    const path = `/companies/${MI6}/members/${MONEYPENNY}`
    const answer = await call('PATCH', path, { email: 'new@mi6.example', role_id: 7 })
    expect(await latest(`&company_id=${MI6}`)).toMatchObject({
      company_id: MI6,
      action: 'member.changed',
      actor: { type: 'admin_key', id: facts.keyId },
      user_id: MONEYPENNY,
      request_id: answer.headers.get('X-Request-Id'),
      at: new Date(provider.now()).toISOString(),
      facts: { changed: { role_id: [1, 7] }, changed_personal: ['email'] },
      personal: { changed: { email: ['eve.moneypenny@mi6.example', 'new@mi6.example'] } },
    })
    await call('PATCH', path, { email: 'new@mi6.example', role_id: 7 })
    expect(await events(`&company_id=${MI6}&action=member.changed`)).toHaveLength(1)
  })

  it('sign-in, consent, removal and revocation are recorded with the person, the app and the address', async () => {
    const browser = provider.person('203.0.113.7')
    const tokens = await client.tokens(await browser.code(client, { company: MI6 }))
    const at = `&company_id=${MI6}`
    const actor = { type: 'user', id: String(BOND) }
    expect(await latest('&action=user.signed_in')).toMatchObject({
      user_id: BOND,
      actor,
      personal: { address: '203.0.113.7' },
    })
    expect(await latest(at)).toMatchObject({
      action: 'installation.allowed',
      actor,
      user_id: BOND,
      client_id: client.id,
      facts: { scopes: ['base', 'users:read'] },
      personal: { address: '203.0.113.7' },
    })
    await client.revoke(tokens.access_token)
    expect(await latest(at)).toMatchObject({ action: 'token.revoked', actor: { type: 'app', id: client.id } })
    await client.revoke(tokens.refresh_token)
    expect(await latest(at)).toMatchObject({ action: 'installation.removed', actor: { type: 'app', id: client.id } })
    expect(await events(`&company_id=${UNIVERSAL_EXPORTS}&user_id=${MONEYPENNY}`)).toEqual([])
  })

  it('a stolen refresh token or code that is used again is recorded once, however often it is sent', async () => {
    const code = await provider.person().code(client, { company: MI6 })
    const first = await client.tokens(code)
    const second = await client.refreshed(first.refresh_token)
    await client.refreshed(second.refresh_token)
    provider.pass(2 * 60_000)
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.refresh(first.refresh_token)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]))
    const again = await provider.person().code(client, { company: MI6 })
    await client.tokens(again)
    await Promise.all(Array.from({ length: 20 }, () => client.exchange(again)))
    const at = `&company_id=${MI6}&client_id=${client.id}`
    for (const action of ['refresh_token.reused', 'code.reused']) {
      expect(await events(`${at}&action=${action}`)).toMatchObject([
        { actor: { type: 'app', id: client.id }, user_id: BOND, request_id: expect.any(String) },
      ])
    }
  })

  it('every kind of change is recorded, and none with a secret', async () => {
    const { runtime } = provider
    const secret = (await admin('POST', '/apps', { name: 'Notes', redirect_uris: [CALLBACK] })).body.client_secret
    const { key } = await adminWith({ scopes: ['*'] })
    await createCompany(runtime, { companyId: 900, name: 'Q', domain: 'q' })
    await setCompany(runtime, 900, { domain: 'q-branch' })
    await admin('DELETE', '/companies/900/domains/q')
    await createUser(runtime, { userId: 900, email: 'q@q.example', name: 'Q' })
    await setUser(runtime, 900, { name: 'Quartermaster' })
    await setPassword(runtime, 900, 'a password that is hard to guess')
    await addMember(runtime, { companyId: 900, userId: 900 })
    await setMember(runtime, 900, 900, { isAdmin: true })
    await deleteCompany(runtime, 900)
    await admin('POST', `/apps/${client.id}/secrets`, {})
    await admin('PATCH', `/apps/${client.id}`, { name: 'Notes 2' })
    await admin('DELETE', `/apps/${client.id}`)
    await admin('DELETE', '/users/900/sessions')
    await admin('POST', '/keys')
    await admin('DELETE', '/users/900')
    const recorded = await rows()
    expect(new Set(recorded.map(({ action }) => action))).toEqual(
      new Set([
        'admin_key.created',
        'app.changed',
        'app.deleted',
        'app.registered',
        'app.secret_rotated',
        'company.changed',
        'company.created',
        'company.deleted',
        'domain.released',
        'key.rotated',
        'member.added',
        'member.changed',
        'member.removed',
        'sessions.ended',
        'user.changed',
        'user.created',
        'user.deleted',
        'user.password_set',
      ]),
    )
    const text = JSON.stringify(recorded)
    for (const hidden of [secret, key, 'a password that is hard to guess', '$argon2'])
      expect(text).not.toContain(hidden)
  })

  it('a change that is refused records nothing, and one that is made records in its commit', async () => {
    const before = (await rows()).length
    await admin('PUT', '/companies/900', { name: 'X', domain: 'casinoroyale' })
    await admin('PATCH', `/users/${MONEYPENNY}`, { email: BOND_EMAIL })
    await admin('DELETE', `/companies/${MI6}/members/${BOND}/installations/nope`)
    expect(await rows()).toHaveLength(before)
    const { store } = provider.runtime
    const write = store.write.bind(store)
    const batches: string[][] = []
    store.write = statements => {
      batches.push(statements.map(({ sql }) => sql))
      return write(statements)
    }
    await admin('PATCH', `/companies/${MI6}`, { name: 'SIS' })
    await admin('DELETE', `/companies/${MI6}/members/${MONEYPENNY}`)
    store.write = write
    const changes = batches.filter(batch => batch.some(sql => /"companies"|"memberships"/.test(sql)))
    expect(changes).toHaveLength(2)
    for (const batch of changes) expect(batch.some(sql => sql.includes('into "audit_events"'))).toBe(true)
  })

  it('a chain fits, and a checker that knows only SHA-256 finds the same', async () => {
    await person.code(client, { company: MI6 })
    const report = await chain(MI6)
    expect(report).toMatchObject({ unchained: 0, erased: 0, problem: null })
    let before = '0'.repeat(64)
    const chained = (await events(`&company_id=${MI6}`)).reverse()
    expect(chained.map(({ seq }: { seq: number }) => seq)).toEqual(
      chained.map((_: unknown, index: number) => index + 1),
    )
    for (const { entry, hash, personal, salt } of chained) {
      before = createHash('sha256')
        .update(before + entry)
        .digest('hex')
      expect(hash).toBe(before)
      const { personal_hash } = JSON.parse(entry)
      if (personal === null) continue
      expect(
        createHash('sha256')
          .update(salt + JSON.stringify(personal))
          .digest('hex'),
      ).toBe(personal_hash)
    }
    expect(report.end).toBe(before)
    expect(report.events).toBe(chained.length)
  })

  it('whatever is changed in a chain, or removed from it, is found', async () => {
    await person.code(client, { company: MI6 })
    await setMember(provider.runtime, MI6, MONEYPENNY, { phone: '007' })
    const { events: count } = await chain(MI6)
    const { store } = provider.runtime
    const chained = (await rows()).filter(({ company_id }) => company_id === MI6)
    const tampering = fc.constantFrom<[string, (row: AuditEventRow) => unknown]>(
      ['entry', ({ entry }) => entry.replace('"action":"', '"action":"x')],
      ['action', () => 'nothing'],
      ['actor_id', () => 'another person'],
      ['user_id', () => 4711],
      ['client_id', () => 'another'],
      ['hash', () => Buffer.alloc(32)],
      ['seq', ({ seq }) => seq! + 1000],
      ['personal', ({ personal }) => (personal === null ? '{"a":1}' : `${personal} `)],
      ['salt', ({ salt, personal }) => (personal === null ? salt : 'pepper')],
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...chained), tampering, async (row, [column, change]) => {
        const value = change(row)
        if (value === row[column as keyof AuditEventRow]) return
        const set = (to: unknown) =>
          store.db
            .updateTable('audit_events')
            .set({ [column]: to })
            .where('company_id', '=', row.company_id)
            .where('event_id', '=', row.event_id)
            .compile()
        await store.write([set(value)])
        const { problem } = await verifyChain(provider.runtime, MI6)
        await store.write([set(row[column as keyof AuditEventRow])])
        expect(problem).not.toBeNull()
      }),
      { numRuns: 60 },
    )
    expect(await verifyChain(provider.runtime, MI6)).toMatchObject({ events: count, problem: null })
    await store.write([
      store.db.deleteFrom('audit_events').where('company_id', '=', MI6).where('seq', '=', 2).compile(),
    ])
    expect((await verifyChain(provider.runtime, MI6)).problem).toEqual({ seq: 3, reason: 'event 2 is missing' })
  })

  it('nodes that chain at once make one chain, also while events come', async () => {
    const { runtime } = provider
    // Each node of a cluster thinks that it has the lease.
    const eager: Runtime = { ...runtime, store: { ...bound(runtime.store), write: withoutLease(runtime.store) } }
    const writing = Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        await runtime.store.write([
          recordEvent(runtime, { action: 'member.changed', companyId: MI6, facts: { index } }),
        ])
      }),
    )
    for (let round = 0; round < 10; round++) await Promise.all([1, 2, 3].map(() => chainAuditEvents(eager)))
    await writing
    const report = await chain(MI6)
    expect(report.problem).toBeNull()
    expect(report.events).toBeGreaterThanOrEqual(60)
  })

  it('a person who was erased is nowhere any more, and every chain still fits', async () => {
    const browser = provider.person('203.0.113.99')
    await browser.code(client, { company: MI6 })
    await setMember(provider.runtime, MI6, BOND, { phone: '+44 007' })
    const everything = JSON.stringify(await exportUser(provider.runtime, BOND))
    for (const known of ['James Bond', BOND_EMAIL, '203.0.113.99', '+44 007', client.id])
      expect(everything).toContain(known)
    expect(everything).not.toContain('argon2')
    expect((await admin('POST', `/users/${BOND}/erase`)).body).toEqual({ user_id: BOND, erased: true })
    const { db } = provider.runtime.store
    for (const table of ['users', 'memberships', 'audit_events', 'sessions', 'sign_in_emails'] as const) {
      const text = JSON.stringify(await db.selectFrom(table).selectAll().execute())
      for (const known of ['James Bond', BOND_EMAIL, 'bond@universal', '203.0.113.99', '+44 007']) {
        expect([table, known, text.includes(known)]).toEqual([table, known, false])
      }
    }
    for (const companyId of [0, MI6, UNIVERSAL_EXPORTS]) {
      const report = await chain(companyId)
      expect([companyId, report.problem, report.erased > 0]).toEqual([companyId, null, true])
    }
    expect((await admin('PUT', `/users/${BOND}`, { name: 'Bond', email: BOND_EMAIL })).status).toBe(409)
    await eraseUser(provider.runtime, BOND)
    await expect(eraseUser(provider.runtime, 4711)).rejects.toThrow('There is no user 4711.')
  })

  it('refused sign-ins are summed up, so that outsiders cannot make the log grow', async () => {
    const browser = provider.person()
    for (const password of ['wrong 1', 'wrong 2', 'wrong 3']) {
      await browser.signIn(BOND_EMAIL, password, await browser.open('/sign-in')).catch(() => {})
    }
    countRefusal(provider.runtime, 'consent.denied')
    await recordRefusals(provider.runtime)
    await recordRefusals(provider.runtime)
    expect(await events('&action=sign_in.refused')).toMatchObject([{ actor: { type: 'system' }, facts: { count: 3 } }])
    expect(await events('&action=consent.denied')).toMatchObject([{ facts: { count: 1 } }])
  })

  it('a key that is held to a company reads the events of that company only', async () => {
    const { call } = await adminWith({ scopes: ['audit:read'], companyId: UNIVERSAL_EXPORTS })
    const { data } = (await call('GET', '/audit-events')).body
    expect(new Set(data.map(({ company_id }: { company_id: number }) => company_id))).toEqual(
      new Set([UNIVERSAL_EXPORTS]),
    )
    expect((await call('GET', `/audit-events?company_id=${MI6}`)).status).toBe(403)
    expect((await call('GET', `/companies/${UNIVERSAL_EXPORTS}`)).status).toBe(403)
    await provider
      .person()
      .signIn(BOND_EMAIL, PASSWORD, await provider.person().open('/sign-in'))
      .catch(() => {})
  })

  function bound(store: Runtime['store']): Runtime['store'] {
    return new Proxy(store, {
      get: (target, name) => Reflect.get(target, name)?.bind?.(target) ?? Reflect.get(target, name),
    })
  }

  function withoutLease(store: Runtime['store']): Runtime['store']['write'] {
    return statements => {
      const rest = statements.filter(({ sql }) => !sql.includes('"leases"'))
      return rest.length === 0 ? Promise.resolve([]) : store.write(rest)
    }
  }
})
