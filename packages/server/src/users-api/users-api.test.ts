import { addMember, createUser, removeMember, setActive, setMember } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { BOND, MI6, MONEYPENNY, MONEYPENNY_EMAIL, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { client, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'

interface Answer {
  success: boolean
  error?: string
  data: Record<string, unknown>[]
  additional_data: { pagination: Record<string, unknown>; next_cursor: string | null }
}

describe('the users API', () => {
  let accessToken: string
  const at = (path: string, token = accessToken) =>
    provider.fetch(path, { headers: { Authorization: `Bearer ${token}` } })
  const read = async (path: string, token?: string) => (await (await at(path, token)).json()) as Answer
  const idsOf = ({ data }: Answer) => data.map(({ id }) => id)

  useProvider()
  beforeEach(async () => {
    accessToken = (await client.tokens(await provider.person().code(client, { company: MI6 }))).access_token
  })

  it.each(['', '/v1', '/api/v1'])('GET %s/users lists the people of the company of the token', async prefix => {
    const answer = await read(`${prefix}/users`)
    expect(answer.success).toBe(true)
    expect(answer.data).toMatchObject([
      { id: BOND, name: 'James Bond', is_you: true, is_admin: 1, active_flag: true },
      { id: MONEYPENNY, name: 'Eve Moneypenny', is_you: false, is_admin: 0, locale: 'en_GB' },
    ])
    expect(answer.additional_data.pagination).toEqual({ start: 0, limit: 500, more_items_in_collection: false })
  })

  it('a listed user has the keys of GET /users/me, without those of the company', async () => {
    const me = ((await (await client.me(accessToken)).json()) as { data: Record<string, unknown> }).data
    const [bond] = (await read('/users')).data
    const own = Object.entries(me).filter(([key]) => !key.startsWith('company_'))
    expect(JSON.stringify(bond)).toBe(JSON.stringify(Object.fromEntries(own)))
  })

  it('the users API never shows a person of another company', async () => {
    const elsewhere = (await client.tokens(await provider.person().code(client, { company: UNIVERSAL_EXPORTS })))
      .access_token
    expect(idsOf(await read('/users', elsewhere))).toEqual([BOND])
    expect((await at(`/users/${MONEYPENNY}`, elsewhere)).status).toBe(404)
    expect(idsOf(await read('/users/find?term=eve', elsewhere))).toEqual([])
    expect(idsOf(await read(`/users?company_id=${MI6}`, elsewhere))).toEqual([BOND])
    const email = `/users/find?search_by_email=1&term=${encodeURIComponent(MONEYPENNY_EMAIL)}`
    expect(idsOf(await read(email, elsewhere))).toEqual([])
  })

  it('GET /users/{id} answers with one person as they are at that company, and 404 for everyone else', async () => {
    await setMember(provider.runtime, MI6, MONEYPENNY, { name: 'Moneypenny', timezone: 'Asia/Tokyo' })
    const answer = await at(`/users/${MONEYPENNY}`)
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        success: true,
        data: expect.objectContaining({ id: MONEYPENNY, name: 'Moneypenny', timezone_offset: '+09:00', is_you: false }),
      },
    ])
    for (const id of ['1', '0', '-1', '777.0', '9007199254740993', 'x', '%00']) {
      expect([id, (await at(`/users/${id}`)).status]).toEqual([id, 404])
    }
  })

  it('GET /users/find searches names, or e-mails where that is asked for', async () => {
    expect(idsOf(await read('/users/find?term=MONEY'))).toEqual([MONEYPENNY])
    expect(idsOf(await read('/users/find?term=mi6.example'))).toEqual([])
    expect(idsOf(await read('/users/find?term=mi6.example&search_by_email=1'))).toEqual([BOND, MONEYPENNY])
    expect(idsOf(await read('/users/find?term=%25'))).toEqual([])
    expect(idsOf(await read('/users/find?term=_'))).toEqual([])
    expect((await at('/users/find')).status).toBe(400)
    expect((await at('/users/find?term=%00')).status).toBe(400)
    expect((await read('/users/find?term=%20')).error).toBe('Say what to search for: term is missing.')
    expect((await at(`/users/find?term=${'a'.repeat(201)}`)).status).toBe(400)
  })

  it('people who were deactivated are listed as such, those who left are not', async () => {
    await setActive(provider.runtime, MONEYPENNY, false)
    expect((await read('/users')).data[1]).toMatchObject({ id: MONEYPENNY, active_flag: false, activated: false })
    await removeMember(provider.runtime, MI6, MONEYPENNY)
    expect(idsOf(await read('/users'))).toEqual([BOND])
  })

  it('pages by start and by cursor hold everyone once, in the order of ids', async () => {
    for (let userId = 1001; userId <= 1005; userId++) {
      await createUser(provider.runtime, { userId, email: `q${userId}@mi6.example`, name: `Q ${userId}` })
      await addMember(provider.runtime, { companyId: MI6, userId })
    }
    const everyone = idsOf(await read('/users'))
    expect(everyone).toHaveLength(7)

    const byStart: unknown[] = []
    let start: unknown = 0
    while (start !== undefined) {
      const page = await read(`/users?limit=3&start=${start}`)
      byStart.push(...idsOf(page))
      start = page.additional_data.pagination.next_start
    }
    expect(byStart).toEqual(everyone)

    const byCursor: unknown[] = []
    let cursor: string | null = '0'
    while (cursor !== null) {
      const page: Answer = await read(`/users?limit=2&cursor=${cursor}`)
      byCursor.push(...idsOf(page))
      cursor = page.additional_data.next_cursor
    }
    expect(byCursor).toEqual(everyone)
    expect((await read('/users?start=10001')).error).toBe(
      'start must be an integer from 0 to 10000. Beyond that, use cursor.',
    )
    for (const query of ['limit=0', 'limit=501', 'limit=x', 'start=-1', 'cursor=a', 'start=1&cursor=1']) {
      expect([query, (await at(`/users?${query}`)).status]).toEqual([query, 400])
    }
  })

  it('a token without users:read is refused, and so is one that was revoked a moment ago', async () => {
    const narrow = await provider.registerApp({ scopes: ['base'] })
    const token = (await narrow.tokens(await provider.person().code(narrow, { company: MI6 }))).access_token
    const refused = await at('/users', token)
    expect([refused.status, refused.headers.get('WWW-Authenticate')]).toEqual([
      403,
      'Bearer error="insufficient_scope", scope="users:read"',
    ])
    await client.revoke(accessToken)
    for (const path of ['/users', `/users/${BOND}`, '/users/find?term=b']) {
      expect([path, (await at(path)).status]).toEqual([path, 401])
    }
    expect((await provider.fetch('/users')).status).toBe(401)
    expect((await provider.fetch('/users', { method: 'POST' })).status).toBe(405)
  })
})
