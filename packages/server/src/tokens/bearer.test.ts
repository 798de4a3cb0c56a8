import { deleteUser, removeMember, setActive, setDisabled, setMember, setSuspended } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Client, TokenAnswer } from '../../../../tests/support/client.ts'
import { BOND, HOUR, MI6, type TestProvider, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { client, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'

describe('the bearer check', () => {
  let tokens: TokenAnswer

  useProvider()
  beforeEach(async () => {
    tokens = await client.tokens(await provider.person().code(client, { company: MI6 }))
  })

  it('[OA-31] the bearer check takes a token from the header alone', async () => {
    const inQuery = await provider.fetch(
      `/users/me?access_token=${tokens.access_token}&api_token=${tokens.access_token}`,
    )
    expect(inQuery.status).toBe(401)
    expect(inQuery.headers.get('WWW-Authenticate')).toBe('Bearer realm="Tenantry"')
  })

  it.each([
    ['garbage', () => 'garbage'],
    ['a whole but unknown token', () => 'tny_at_1_0000000000000000000000000000000000000000000000000e4a1c35'],
    ['one changed digit', (t: TokenAnswer) => t.access_token.replace(/.$/, digit => (digit === '0' ? '1' : '0'))],
    ['another company’s number', (t: TokenAnswer) => t.access_token.replace('_1_', '_2_')],
    ['a refresh token', (t: TokenAnswer) => t.refresh_token],
    ['two tokens', (t: TokenAnswer) => `${t.access_token} ${t.access_token}`],
    ['nothing', () => ''],
  ])('[OA-32] the bearer check answers %s with 401 invalid_token', async (_what, token) => {
    const answer = await client.me(token(tokens))
    expect(answer.status).toBe(401)
    expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Bearer error="invalid_token"/)
  })

  it('[OA-32] the bearer check answers an expired token with 401', async () => {
    provider.pass(HOUR)
    const answer = await client.me(tokens.access_token)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Bearer error="invalid_token"/)
  })

  it('[OA-32] the bearer check answers a missing scope with 403 and names the scope', async () => {
    const narrow = await client.tokens(await provider.person().code(client, { company: MI6 }, { scope: 'users:read' }))
    const answer = await client.me(narrow.access_token)
    expect(answer.status).toBe(403)
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer error="insufficient_scope", scope="base"')
  })

  it('the bearer check takes the scheme in any case', async () => {
    const answer = await provider.fetch('/users/me', { headers: { Authorization: `bearer ${tokens.access_token}` } })
    expect(answer.status).toBe(200)
  })

  it.each([
    ['a deactivated membership', (p: TestProvider) => setMember(p.runtime, MI6, BOND, { active: false })],
    ['a removed membership', (p: TestProvider) => removeMember(p.runtime, MI6, BOND)],
    ['a suspended company', (p: TestProvider) => setSuspended(p.runtime, MI6, true)],
    ['a deactivated user', (p: TestProvider) => setActive(p.runtime, BOND, false)],
    ['a deleted user', (p: TestProvider) => deleteUser(p.runtime, BOND)],
    ['a disabled app', (p: TestProvider, c: Client) => setDisabled(p.runtime, c.id, true)],
  ])('[OA-35] the bearer check refuses the tokens of %s at the next request', async (_what, end) => {
    expect((await client.me(tokens.access_token)).status).toBe(200)
    await end(provider, client)
    expect((await client.me(tokens.access_token)).status).toBe(401)
  })

  it('[OA-35] the bearer check leaves the same user’s tokens at another company alone', async () => {
    const other = await client.tokens(await provider.person().code(client, { company: UNIVERSAL_EXPORTS }))
    await setMember(provider.runtime, MI6, BOND, { active: false })
    expect((await client.me(other.access_token)).status).toBe(200)
    expect((await client.me(tokens.access_token)).status).toBe(401)
  })
})
