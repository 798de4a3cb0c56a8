import { describe, expect, it } from 'vitest'
import { admin, useAdmin } from '../../../../tests/support/admin.ts'
import { MI6 } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { LiveSettings } from '../config/live-settings.ts'
import { checkSettings } from '../config/settings.ts'
import { changeSettings } from './change-settings.ts'

describe('settings that change while servers run', () => {
  useProvider(() => ({ accessTokenLifetime: 1800 }))
  useAdmin()

  const lifetime = async () => (await client.tokens(await person.code(client, { company: MI6 }))).expires_in
  const current = async () => (await admin('GET', '/settings')).body

  it('a change holds from the next token on, and null goes back to what is configured', async () => {
    expect(await lifetime()).toBe(1800)
    const { status, body } = await admin('PATCH', '/settings', { access_token_lifetime: 600 })
    expect([status, body.access_token_lifetime, body.changed]).toEqual([200, 600, ['access_token_lifetime']])
    expect(await lifetime()).toBe(600)
    expect(await current()).toEqual(body)
    await admin('PATCH', '/settings', { access_token_lifetime: null, audit_retention_days: 90 })
    expect(await lifetime()).toBe(1800)
    expect(await current()).toMatchObject({ audit_retention_days: 90, changed: ['audit_retention_days'] })
  })

  it('another node uses a change when it reads the settings again, and a restarted one from its start', async () => {
    const { store } = provider.runtime
    const other = new LiveSettings(checkSettings({ origin: 'https://id.example.com' }))
    await other.load(store)
    await changeSettings(provider.runtime, { sessionLifetime: 60, refreshTokenLifetime: 120 })
    expect(other.values.sessionLifetime).toBe(14 * 24 * 3600)
    await other.load(store)
    expect(other.values).toMatchObject({ sessionLifetime: 60, refreshTokenLifetime: 120, accessTokenLifetime: 3600 })
  })

  it('who changed what is recorded, and a change that changes nothing is not', async () => {
    await admin('PATCH', '/settings', { session_lifetime: 3600 })
    await admin('PATCH', '/settings', { session_lifetime: 3600 })
    await admin('PATCH', '/settings', { session_lifetime: null })
    const { data } = (await admin('GET', '/audit-events?action=settings.changed')).body
    expect(data.map(({ facts }: { facts: object }) => facts)).toEqual([
      { changed: { session_lifetime: [3600, null] } },
      { changed: { session_lifetime: [null, 3600] } },
    ])
    expect(data[0].actor.type).toBe('admin_key')
  })

  it.each([
    [{ access_token_lifetime: 0 }, 'access_token_lifetime'],
    [{ access_token_lifetime: '600' }, 'access_token_lifetime'],
    [{ authorization_code_lifetime: 601 }, 'authorization_code_lifetime'],
    [{ audit_retention_days: -1, origin: 'https://evil.example' }, 'origin'],
  ])('%j is refused with the field that is wrong, and changes nothing', async (change, field) => {
    const before = await current()
    const { status, body } = await admin('PATCH', '/settings', change)
    expect(status).toBe(400)
    expect(body.errors.map(({ field }: { field: string }) => field)).toContain(field)
    expect(await current()).toEqual(before)
    await expect(changeSettings(provider.runtime, { accessTokenLifetime: 0.5 })).rejects.toThrow(/accessTokenLifetime/)
  })

  it('no change is lost that is made at the same time as others, and one with an old version is refused', async () => {
    const { headers } = await admin('GET', '/settings')
    await Promise.all([
      admin('PATCH', '/settings', { access_token_lifetime: 601 }),
      admin('PATCH', '/settings', { session_lifetime: 602 }),
      admin('PATCH', '/settings', { refresh_token_lifetime: 603 }),
      changeSettings(provider.runtime, { auditRetentionDays: 604 }),
    ])
    expect(await current()).toMatchObject({
      access_token_lifetime: 601,
      session_lifetime: 602,
      refresh_token_lifetime: 603,
      audit_retention_days: 604,
    })
    const stale = await admin('PATCH', '/settings', { session_lifetime: 5 }, { 'If-Match': headers.get('ETag')! })
    expect([stale.status, (await current()).session_lifetime]).toEqual([412, 602])
    const { headers: fresh } = await admin('GET', '/settings')
    expect((await admin('PATCH', '/settings', {}, { 'If-Match': fresh.get('ETag')! })).status).toBe(200)
  })

  it('what a newer program has stored stays, and what is not a number of it is left out', async () => {
    const { store } = provider.runtime
    const text = JSON.stringify({ fromTheFuture: { a: 1 }, sessionLifetime: 'never', accessTokenLifetime: 700 })
    await store.write([store.db.insertInto('settings').values({ name: 'run-time settings', value: text }).compile()])
    await changeSettings(provider.runtime, { refreshTokenLifetime: 800 })
    const row = await store.db
      .selectFrom('settings')
      .select('value')
      .where('name', '=', 'run-time settings')
      .executeTakeFirstOrThrow()
    expect(JSON.parse(row.value)).toEqual({ ...JSON.parse(text), refreshTokenLifetime: 800 })
    expect(await current()).toMatchObject({
      access_token_lifetime: 700,
      refresh_token_lifetime: 800,
      changed: ['access_token_lifetime', 'refresh_token_lifetime'],
    })
  })
})
