import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProvider, type TestProvider } from '../../../../tests/support/provider.ts'
import { MAX_PARAMETERS, parseParameters } from './form.ts'
import { localPath } from './local-path.ts'

describe('a local path', () => {
  const origin = 'https://id.example'

  it('stays on this server, whatever it is made of', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      ':',
      '@',
      '?',
      '#',
      'https:',
      '//',
      'evil.example',
      'a',
      '%2f',
      '\t',
      '\n',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(piece), pieces => {
        const path = localPath(pieces.join(''), origin)
        if (path === undefined) return
        expect(new URL(path, origin).origin).toBe(origin)
        expect(path).toMatch(/^\/(?![/\\])/)
      }),
      { numRuns: 5000 },
    )
  })

  it('a local path keeps its query', () => {
    expect(localPath('/oauth/authorize?a=b%20c&d=', origin)).toBe('/oauth/authorize?a=b%20c&d=')
    expect(localPath(undefined, origin)).toBeUndefined()
  })
})

describe('form parameters', () => {
  it('a repeated name is found, the first value counts, and one without a value counts as not sent', () => {
    const { parameters, repeated } = parseParameters('a=1&b=2&a=3&c=&c=&d=')
    expect([...repeated]).toEqual(['a', 'c'])
    expect([...parameters]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
  })

  it('[OA-70] refuses a form with more parameters than any client sends', () => {
    const some = (count: number) => Array.from({ length: count }, (_, index) => `p${index}=1`).join('&')
    expect(parseParameters(some(MAX_PARAMETERS)).parameters.size).toBe(MAX_PARAMETERS)
    expect(() => parseParameters(some(MAX_PARAMETERS + 1))).toThrow()
  })
})

describe('every answer', () => {
  let provider: TestProvider

  beforeAll(async () => {
    provider = await startProvider({ origin: 'https://id.example' })
  })
  afterAll(() => provider.close())

  it.each(['/users/me', '/oauth/token', '/oauth/authorize', '/sign-in', '/nothing', '/healthz', '/readyz'])(
    'every answer has an id and the security headers: %s',
    async path => {
      const { headers } = await provider.fetch(path)
      expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(headers.get('Referrer-Policy')).toBe('no-referrer')
      expect(headers.get('Content-Security-Policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('Strict-Transport-Security')).toBe('max-age=31536000')
    },
  )

  it('an unknown path is answered with JSON to programs and with a page to people, whatever the method', async () => {
    const type = async (path: string) => (await provider.fetch(path)).headers.get('Content-Type')
    expect(await type('/nothing')).toMatch(/^text\/html/)
    expect(await type('/api/v1/deals')).toMatch(/^application\/json/)
    expect(await type('/oauth/token/x')).toMatch(/^application\/json/)
    const post = async (path: string) => {
      const { status, headers } = await provider.fetch(path, { method: 'POST' })
      return [status, headers.get('Content-Type')?.split(';')[0]]
    }
    expect(await post('/connected-apps')).toEqual([405, 'text/html'])
    expect(await post('/api/v1/deals')).toEqual([404, 'application/json'])
    expect(await post('/oauth/token/x')).toEqual([404, 'application/json'])
  })

  it('/readyz is 503 when the database does not answer', async () => {
    const other = await startProvider()
    await other.close()
    const answer = await other.fetch('/readyz')
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([503, '1'])
    expect((await other.fetch('/healthz')).status).toBe(200)
  })
})
