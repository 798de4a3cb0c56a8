import { beforeEach, describe, expect, it } from 'vitest'
import type { TokenAnswer } from '../../../../tests/support/client.ts'
import { BOND, MI6, ORIGIN } from '../../../../tests/support/provider.ts'
import { client, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'

describe('revocation and introspection', () => {
  let tokens: TokenAnswer

  useProvider()
  beforeEach(async () => {
    tokens = await client.tokens(await provider.person().code(client, { company: MI6 }))
  })

  const live = async (token: string) => ((await (await client.introspect(token)).json()) as { active: boolean }).active

  it('[OA-33] an access token ends alone, at the very next request', async () => {
    expect((await client.revoke(tokens.access_token)).status).toBe(200)
    expect((await client.me(tokens.access_token)).status).toBe(401)
    const next = await client.refreshed(tokens.refresh_token)
    expect((await client.me(next.access_token)).status).toBe(200)
  })

  it('[OA-33] a refresh token ends the installation with all its tokens', async () => {
    const other = await client.tokens(await provider.person().code(client, { company: MI6 }))
    expect((await client.revoke(tokens.refresh_token)).status).toBe(200)
    expect((await client.me(tokens.access_token)).status).toBe(401)
    expect((await client.me(other.access_token)).status).toBe(401)
    expect((await client.refresh(other.refresh_token)).status).toBe(400)
    expect(await provider.runtime.store.db.selectFrom('installations').selectAll().execute()).toEqual([])
  })

  it('a code of an installation that was removed is refused', async () => {
    const code = await provider.person().code(client, { company: MI6 })
    await client.revoke(tokens.refresh_token)
    expect((await client.exchange(code)).status).toBe(400)
  })

  it('[OA-33] revoking an unknown token, garbage or a revoked token answers 200', async () => {
    await client.revoke(tokens.access_token)
    for (const token of [tokens.access_token, 'garbage', 'tny_rt_1_x', '%25%25']) {
      expect((await client.revoke(token)).status).toBe(200)
    }
  })

  it('[OA-33] another client’s token is left alone, and the answer does not tell', async () => {
    const other = await provider.registerApp()
    const answers = [await other.revoke(tokens.refresh_token), await other.revoke('garbage')]
    expect(await answers[0]!.text()).toBe(await answers[1]!.text())
    expect((await client.me(tokens.access_token)).status).toBe(200)
  })

  it('revocation and introspection require client authentication and a token', async () => {
    const answer = await provider.fetch('/oauth/revoke', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `token=${tokens.refresh_token}&client_id=${client.id}`,
    })
    expect(answer.status).toBe(401)
    expect((await client.post('/oauth/revoke', {})).status).toBe(400)
  })

  it('[OA-34] introspection describes a client’s own token', async () => {
    expect((await (await client.introspect(tokens.access_token)).json()) as unknown).toEqual({
      active: true,
      scope: 'base users:read',
      client_id: client.id,
      username: 'James Bond',
      token_type: 'Bearer',
      iat: provider.now() / 1000,
      exp: provider.now() / 1000 + 3600,
      sub: `c${MI6}-u${BOND}`,
      iss: ORIGIN,
      company_id: MI6,
      user_id: BOND,
    })
    expect(await live(tokens.refresh_token)).toBe(true)
    const next = await client.refreshed(tokens.refresh_token)
    expect([await live(tokens.refresh_token), await live(next.refresh_token)]).toEqual([false, true])
    provider.pass(3600_000)
    expect(await live(next.access_token)).toBe(false)
  })

  it('[OA-34] introspection says nothing of another client’s tokens, and nothing without authentication', async () => {
    const other = await provider.registerApp()
    expect((await (await other.introspect(tokens.access_token)).json()) as unknown).toEqual({ active: false })
    expect((await (await other.introspect('garbage')).json()) as unknown).toEqual({ active: false })
    const publicApp = await provider.registerApp({ isPublic: true })
    expect((await publicApp.introspect(tokens.access_token)).status).toBe(401)
  })
})
