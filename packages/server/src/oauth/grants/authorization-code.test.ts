import { setMember } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { pkcePair, type TokenAnswer } from '../../../../../tests/support/client.ts'
import { BOND, MI6 } from '../../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../../tests/support/provider-of-test.ts'

describe('the authorization code grant', () => {
  let code: string

  useProvider()
  beforeEach(async () => {
    code = await person.code(client, { company: MI6 })
  })

  const errorOf = async (answer: Response) => [answer.status, ((await answer.json()) as TokenAnswer).error]

  it('[OA-07] a code lives five minutes', async () => {
    provider.pass(299_000)
    const late = await person.code(client, { company: MI6 })
    expect((await client.exchange(code)).status).toBe(200)
    provider.pass(300_000)
    expect(await errorOf(await client.exchange(late))).toEqual([400, 'invalid_grant'])
  })

  it('[OA-07] a code is bound to its client', async () => {
    const other = await provider.registerApp()
    expect(await errorOf(await other.exchange(code))).toEqual([400, 'invalid_grant'])
    expect((await client.exchange(code)).status).toBe(200)
  })

  it('[OA-07] a code is bound to its redirect URI', async () => {
    const other = await client.exchange(code, { redirect_uri: 'https://app.example/other' })
    expect(await errorOf(other)).toEqual([400, 'invalid_grant'])
    const form = { grant_type: 'authorization_code', code }
    expect(await errorOf(await client.post('/oauth/token', form))).toEqual([400, 'invalid_request'])
  })

  it('[OA-07] a code cannot be bent to another company', async () => {
    expect(code).toMatch(/^tny_ac_1_/)
    expect(await errorOf(await client.exchange(code.replace('_1_', '_2_')))).toEqual([400, 'invalid_grant'])
    const tokens = await client.tokens(code, { company_id: '2', user_id: '779' })
    const answer = (await (await client.me(tokens.access_token)).json()) as { data: { company_id: number } }
    expect(answer.data.company_id).toBe(MI6)
  })

  it('[OA-08] a code used twice ends every token that it gave', async () => {
    const tokens = await client.tokens(code)
    const next = await client.refreshed(tokens.refresh_token)
    expect((await client.me(next.access_token)).status).toBe(200)
    expect(await errorOf(await client.exchange(code))).toEqual([400, 'invalid_grant'])
    expect((await client.me(tokens.access_token)).status).toBe(401)
    expect((await client.me(next.access_token)).status).toBe(401)
    expect(await errorOf(await client.refresh(next.refresh_token))).toEqual([400, 'invalid_grant'])
  })

  it('[OA-08] a code used twice at once gives tokens to one at most, and leaves none alive', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => client.exchange(code)))
    const given = answers.filter(answer => answer.status === 200)
    expect(given).toHaveLength(1)
    const tokens = (await given[0]!.json()) as TokenAnswer
    expect((await client.me(tokens.access_token)).status).toBe(401)
  })

  it('[OA-08] a code used twice does not end other grants of the same installation', async () => {
    const other = await client.tokens(await person.code(client, { company: MI6 }))
    await client.tokens(code)
    await client.exchange(code)
    expect((await client.me(other.access_token)).status).toBe(200)
  })

  it('[OA-06] a code with a challenge requires its verifier', async () => {
    const { verifier, challenge } = pkcePair()
    const withPkce = { code_challenge: challenge, code_challenge_method: 'S256' }
    const bound = await person.code(client, { company: MI6 }, withPkce)
    expect(await errorOf(await client.exchange(bound))).toEqual([400, 'invalid_grant'])
    const wrong = { code_verifier: pkcePair().verifier }
    expect(await errorOf(await client.exchange(bound, wrong))).toEqual([400, 'invalid_grant'])
    const asPlain = { code_verifier: challenge }
    expect(await errorOf(await client.exchange(bound, asPlain))).toEqual([400, 'invalid_grant'])
    expect((await client.exchange(bound, { code_verifier: verifier })).status).toBe(200)
  })

  it('[OA-06] a verifier for a code without a challenge is refused', async () => {
    const answer = await client.exchange(code, { code_verifier: pkcePair().verifier })
    expect(await errorOf(answer)).toEqual([400, 'invalid_grant'])
  })

  it('a public client exchanges with PKCE and no secret', async () => {
    const app = await provider.registerApp({ isPublic: true })
    const { verifier, challenge } = pkcePair()
    const appCode = await person.code(
      app,
      { company: MI6 },
      { code_challenge: challenge, code_challenge_method: 'S256' },
    )
    const tokens = await app.tokens(appCode, { code_verifier: verifier })
    expect((await app.me(tokens.access_token)).status).toBe(200)
  })

  it('[OA-08] a used code ends nothing for those who cannot show that it is theirs', async () => {
    const app = await provider.registerApp({ isPublic: true })
    const { verifier, challenge } = pkcePair()
    const withPkce = { code_challenge: challenge, code_challenge_method: 'S256' }
    const appCode = await person.code(app, { company: MI6 }, withPkce)
    const tokens = await app.tokens(appCode, { code_verifier: verifier })
    for (const more of [
      {} as Record<string, string>,
      { code_verifier: pkcePair().verifier },
      { code_verifier: verifier, redirect_uri: 'https://app.example/other' },
    ]) {
      expect(await errorOf(await app.exchange(appCode, more))).toEqual([400, 'invalid_grant'])
    }
    expect((await app.me(tokens.access_token)).status).toBe(200)
    expect(await errorOf(await app.exchange(appCode, { code_verifier: verifier }))).toEqual([400, 'invalid_grant'])
    expect((await app.me(tokens.access_token)).status).toBe(401)
  })

  it('[OA-12] a code gives nothing to a user who is no longer active at the company', async () => {
    await setMember(provider.runtime, MI6, BOND, { active: false })
    expect(await errorOf(await client.exchange(code))).toEqual([400, 'invalid_grant'])
    expect(await provider.runtime.store.db.selectFrom('access_tokens').selectAll().execute()).toEqual([])
  })

  it.each(['', 'x', 'tny_ac_1_', `tny_ac_1_${'0'.repeat(56)}`, `tny_ac_99999999999999999_${'0'.repeat(56)}`])(
    'a code refuses the garbage %j',
    async garbage => {
      expect((await client.exchange(garbage)).status).toBe(400)
    },
  )
})
