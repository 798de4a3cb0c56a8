import { setActive, setMember, setSuspended } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { pkcePair, type TokenAnswer } from '../../../../../tests/support/client.ts'
import {
  BOND,
  DAY,
  HOUR,
  MI6,
  MINUTE,
  SECOND,
  SECRET,
  type TestProvider,
} from '../../../../../tests/support/provider.ts'
import { client, provider, useProvider } from '../../../../../tests/support/provider-of-test.ts'
import { KeyRing } from '../../config/key-ring.ts'
import { deriveKeys } from '../../config/keys.ts'
import { refresh } from './refresh-rotation.ts'

describe('refresh tokens', () => {
  let first: TokenAnswer

  useProvider()
  beforeEach(async () => {
    first = await client.tokens(await provider.person().code(client, { company: MI6 }))
  })

  const errorOf = async (answer: Response) => [answer.status, ((await answer.json()) as TokenAnswer).error]
  const refused = [400, 'invalid_grant']
  const works = async ({ access_token }: TokenAnswer) => (await client.me(access_token)).status === 200

  it('[OA-24] a refresh token rotates: a new refresh token and a new access token', async () => {
    const next = await client.refreshed(first.refresh_token)
    expect(next.refresh_token).not.toBe(first.refresh_token)
    expect(next.access_token).not.toBe(first.access_token)
    expect(await works(next)).toBe(true)
    expect(next).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'base users:read' })
  })

  it('[OA-24] 64 parallel refreshes of one token give one identical answer', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, () => client.refresh(first.refresh_token)))
    const bodies = await Promise.all(answers.map(answer => answer.text()))
    expect(new Set(answers.map(answer => answer.status))).toEqual(new Set([200]))
    expect(new Set(bodies).size).toBe(1)
    expect(await provider.runtime.store.db.selectFrom('refresh_tokens').selectAll().execute()).toHaveLength(2)
  })

  it('[OA-24] a refresh token repeats a lost answer, with what remains of its time', async () => {
    const lost = await client.refreshed(first.refresh_token)
    provider.pass(10 * MINUTE)
    const again = await client.refreshed(first.refresh_token)
    expect(again).toEqual({ ...lost, expires_in: 3000 })
  })

  it('a refresh token gives a fresh access token and the same refresh token once the lost access token has ended', async () => {
    const lost = await client.refreshed(first.refresh_token)
    provider.pass(2 * HOUR)
    const again = await client.refreshed(first.refresh_token)
    expect(again.refresh_token).toBe(lost.refresh_token)
    expect(again.access_token).not.toBe(lost.access_token)
    expect(again.expires_in).toBe(3600)
    expect([await works(again), await works(lost)]).toEqual([true, false])
    provider.pass(MINUTE)
    expect(await client.refreshed(first.refresh_token)).toEqual({ ...again, expires_in: 3540 })
  })

  it('a refresh token never brings a revoked access token back to life', async () => {
    const given = await client.refreshed(first.refresh_token)
    await client.revoke(given.access_token)
    const again = await client.refreshed(first.refresh_token)
    expect(again.access_token).not.toBe(given.access_token)
    expect([await works(again), await works(given)]).toEqual([true, false])
  })

  it('[OA-24] the window of a confidential client: until a minute after the successor’s first use', async () => {
    const second = await client.refreshed(first.refresh_token)
    provider.pass(23 * HOUR)
    expect((await client.refreshed(first.refresh_token)).refresh_token).toBe(second.refresh_token)
    const third = await client.refreshed(second.refresh_token)
    provider.pass(60 * SECOND)
    expect((await client.refreshed(first.refresh_token)).refresh_token).toBe(second.refresh_token)
    provider.pass(1)
    expect(await errorOf(await client.refresh(first.refresh_token))).toEqual(refused)
    expect(await works(third)).toBe(false)
    expect(await errorOf(await client.refresh(third.refresh_token))).toEqual(refused)
  })

  it('[OA-24] the window of a confidential client ends after a day in any case', async () => {
    const second = await client.refreshed(first.refresh_token)
    provider.pass(DAY + 1)
    expect(await errorOf(await client.refresh(first.refresh_token))).toEqual(refused)
    expect(await errorOf(await client.refresh(second.refresh_token))).toEqual(refused)
  })

  it('[OA-24] the window of a public client is thirty seconds, successor used or not', async () => {
    const app = await provider.registerApp({ isPublic: true })
    const { verifier, challenge } = pkcePair()
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
    const tokens = await app.tokens(await provider.person().code(app, { company: MI6 }, pkce), {
      code_verifier: verifier,
    })
    const next = await app.refreshed(tokens.refresh_token)
    provider.pass(30 * SECOND)
    expect((await app.refreshed(tokens.refresh_token)).refresh_token).toBe(next.refresh_token)
    provider.pass(1)
    expect(await errorOf(await app.refresh(tokens.refresh_token))).toEqual(refused)
    expect(await errorOf(await app.refresh(next.refresh_token))).toEqual(refused)
  })

  it('[OA-24] a refresh token late reuse ends the whole family and no other', async () => {
    const other = await client.tokens(await provider.person().code(client, { company: MI6 }))
    let latest = first
    for (let round = 0; round < 5; round++) latest = await client.refreshed(latest.refresh_token)
    provider.pass(2 * MINUTE)
    expect(await errorOf(await client.refresh(first.refresh_token))).toEqual(refused)
    expect(await works(latest)).toBe(false)
    expect(await works(first)).toBe(false)
    expect(await works(other)).toBe(true)
  })

  it('[OA-25] a refresh token never widens the scope, and may narrow the access token’s', async () => {
    const narrow = await client.tokens(await provider.person().code(client, { company: MI6 }, { scope: 'base' }))
    const wide = await client.refresh(narrow.refresh_token, { scope: 'base users:read' })
    expect(await errorOf(wide)).toEqual([400, 'invalid_scope'])
    const less = await client.refreshed(first.refresh_token, { scope: 'users:read' })
    expect(less.scope).toBe('users:read')
    expect((await client.me(less.access_token)).status).toBe(403)
    expect((await client.refreshed(less.refresh_token)).scope).toBe('base users:read')
  })

  it('[OA-25] a refresh token works for its own client only, and for its own company and user', async () => {
    const other = await provider.registerApp()
    expect(await errorOf(await other.refresh(first.refresh_token))).toEqual(refused)
    expect(await errorOf(await client.refresh(first.refresh_token.replace('_1_', '_2_')))).toEqual(refused)
    const next = await client.refreshed(first.refresh_token, { company_id: '2', user_id: '779', client_id: client.id })
    expect(((await (await client.me(next.access_token)).json()) as { data: object }).data).toMatchObject({
      id: BOND,
      company_id: MI6,
    })
  })

  it('[OA-26] a refresh token is dead after sixty days unused, and lives on with each use', async () => {
    provider.pass(60 * DAY - 1)
    const next = await client.refreshed(first.refresh_token)
    provider.pass(60 * DAY - 1)
    const third = await client.refreshed(next.refresh_token)
    provider.pass(60 * DAY)
    expect(await errorOf(await client.refresh(third.refresh_token))).toEqual(refused)
  })

  it.each([
    ['deactivated membership', (p: TestProvider, on: boolean) => setMember(p.runtime, MI6, BOND, { active: on })],
    ['deactivated user', (p: TestProvider, on: boolean) => setActive(p.runtime, BOND, on)],
    ['suspended company', (p: TestProvider, on: boolean) => setSuspended(p.runtime, MI6, !on)],
  ])('[OA-35] a refresh token is refused for a %s, and works again after', async (_what, set) => {
    await set(provider, false)
    expect(await errorOf(await client.refresh(first.refresh_token))).toEqual(refused)
    await set(provider, true)
    expect(await works(await client.refreshed(first.refresh_token))).toBe(true)
  })

  it('a retry gets the same answer although the keys were rotated between', async () => {
    const given = await client.refreshed(first.refresh_token)
    await provider.runtime.keys.rotate()
    provider.pass(5 * MINUTE)
    expect(provider.runtime.keys.list().map(({ state }) => state)).toEqual(['current', 'earlier'])
    expect(await client.refreshed(first.refresh_token)).toMatchObject({
      access_token: given.access_token,
      refresh_token: given.refresh_token,
    })
  })

  it('a refresh token does not take a retry for theft on a node that has not loaded a new key yet', async () => {
    const { runtime } = provider
    const late = { ...runtime, keys: new KeyRing(runtime.store, [SECRET], runtime.clock) }
    await late.keys.load()
    await runtime.keys.rotate()
    provider.pass(5 * MINUTE)
    const given = await client.refreshed(first.refresh_token)
    const again = await refresh(
      late,
      { clientId: client.id, isPublic: false, scopes: ['base', 'users:read'] },
      first.refresh_token,
    )
    expect([again.accessToken, again.refreshToken]).toEqual([given.access_token, given.refresh_token])
  })

  it('a refresh token gives a retry the answer of an earlier program, which derived keys from the secret', async () => {
    const { runtime } = provider
    const keys = { ...deriveKeys([SECRET]), load: async () => {} } as unknown as KeyRing
    const earlier = { ...runtime, keys }
    const given = await refresh(
      earlier,
      { clientId: client.id, isPublic: false, scopes: ['base', 'users:read'] },
      first.refresh_token,
    )
    expect(await client.refreshed(first.refresh_token)).toMatchObject({ access_token: given.accessToken })
  })

  it.each(['', 'x', 'tny_rt_1_', `tny_rt_1_${'0'.repeat(56)}`])(
    'a refresh token refuses the garbage %j',
    async garbage => {
      expect((await client.refresh(garbage)).status).toBe(400)
    },
  )

  it('a refresh token is not fooled by an access token', async () => {
    expect(await errorOf(await client.refresh(first.access_token))).toEqual(refused)
  })
})
