import { describe, expect, it } from 'vitest'
import { admin, adminWith, ndjson, resultsOf, useAdmin } from '../../../../tests/support/admin.ts'
import { MI6, ORIGIN, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { provider, useProvider } from '../../../../tests/support/provider-of-test.ts'

const people = (count: number) =>
  Array.from({ length: count }, (_, index) => 1000 + index).flatMap(user_id => [
    { type: 'user', user_id, email: `u${user_id}@q.example`, name: `U ${user_id}` },
    { type: 'member', company_id: 900, user_id, is_admin: user_id % 7 === 0 },
  ])
const company = { type: 'company', company_id: 900, name: 'Q', domain: 'q' }

describe('POST /bulk', () => {
  useProvider()
  useAdmin()

  it('a directory is filled by one request; the same again changes nothing', async () => {
    const body = ndjson([company, ...people(200)])
    const first = resultsOf(await admin('POST', '/bulk', body))
    expect(first.map(({ line }) => line)).toEqual(Array.from({ length: 401 }, (_, index) => index + 1))
    expect(new Set(first.map(({ status }) => status))).toEqual(new Set(['created']))
    const again = resultsOf(await admin('POST', '/bulk', body))
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set(['unchanged']))
    expect((await admin('GET', '/companies/900/members?limit=1000')).body.data).toHaveLength(200)
  })

  it('a wrong line fails by itself, named and explained; the others are done', async () => {
    const lines = [
      JSON.stringify(company),
      'garbage',
      '[]',
      '{"type":"planet"}',
      JSON.stringify({ type: 'user', user_id: 900, name: 'Q', mail: 'q@q.example' }),
      '',
      JSON.stringify({ type: 'member', company_id: 900, user_id: 12_345 }),
      JSON.stringify({ type: 'company', company_id: 901, name: 'X', domain: 'q' }),
      JSON.stringify({ type: 'user', user_id: 900, name: 'Q', email: 'q@q.example' }),
      JSON.stringify({ type: 'user', user_id: 900, delete: true }),
      JSON.stringify({ type: 'user', user_id: 900, delete: true, name: 'Q' }),
    ]
    const results = resultsOf(await admin('POST', '/bulk', lines.join('\n')))
    expect(results.map(({ line, status, code }) => [line, code ?? status])).toEqual([
      [1, 'created'],
      [2, 'invalid_request'],
      [3, 'invalid_request'],
      [4, 'invalid_request'],
      [5, 'invalid_request'],
      [7, 'not_found'],
      [8, 'conflict'],
      [9, 'created'],
      [10, 'deleted'],
      [11, 'invalid_request'],
    ])
    expect(results[4]).toMatchObject({
      errors: [
        { field: 'email', message: 'is missing' },
        { field: 'mail', message: 'is not a field of this request' },
      ],
    })
  })

  it('lines that name the same user are done in their order, also where many are under way', async () => {
    const changes = Array.from({ length: 300 }, (_, index) => ({
      type: 'user',
      user_id: 900,
      email: 'q@q.example',
      name: `Q ${index}`,
    }))
    resultsOf(await admin('POST', '/bulk', ndjson(changes)))
    expect((await admin('GET', '/users/900')).body.name).toBe('Q 299')
  })

  it('a key does only what its scopes and its company allow, line by line', async () => {
    const { call } = await adminWith({ scopes: ['members:write'], companyId: MI6 })
    const lines = [
      { type: 'member', company_id: MI6, user_id: 779, phone: '1' },
      { type: 'member', company_id: UNIVERSAL_EXPORTS, user_id: 777, phone: '1' },
      { type: 'company', company_id: MI6, name: 'X', domain: 'x' },
      { type: 'user', user_id: 777, name: 'X', email: 'x@x.example' },
    ]
    const results = resultsOf(await call('POST', '/bulk', ndjson(lines)))
    expect(results.map(({ code, status }) => code ?? status)).toEqual([
      'replaced',
      'forbidden',
      'forbidden',
      'forbidden',
    ])
  })

  it('a result comes as soon as its line is done, while the request is still being sent', async () => {
    const { key } = await adminWith({ scopes: ['*'] })
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const request = new Request(`${ORIGIN}/admin/v1/bulk`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}` },
      body: readable,
      duplex: 'half',
    } as RequestInit)
    const answer = await provider.tenantry.fetch(request)
    const results = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    for (const companyId of [900, 901, 902]) {
      const line = { type: 'company', company_id: companyId, name: 'Q', domain: `q${companyId}` }
      await writer.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`))
      expect(JSON.parse((await results.read()).value!)).toEqual({ line: companyId - 899, status: 'created' })
    }
    await writer.close()
    expect((await results.read()).done).toBe(true)
  })

  it('a line without an end is not read for ever', async () => {
    const answer = await admin('POST', '/bulk', `${JSON.stringify(company)}\n${'x'.repeat(500_000)}`)
    expect(resultsOf(answer).map(({ status }) => status)).toEqual(['created', 'failed'])
  })
})
