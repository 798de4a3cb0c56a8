import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { missingBody, RawGetReader, readRawDirect } from './raw-request.ts'

const PATHS = new Set(['/users/me', '/v1/users/me'])
const read = (text: string) => new RawGetReader().read(Buffer.from(text, 'latin1'), PATHS)
const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`
const FORMS = new Set(['POST /oauth/token'])
const START = 'GET /users/me HTTP/1.1'

describe('a raw request', () => {
  it('a raw request is read with its path and its authorization, whatever else is said in it', () => {
    expect(read(lines(START, 'Host: x'))).toEqual({
      path: '/users/me',
      authorization: undefined,
      beganBeforeTurn: false,
    })
    expect(
      read(
        lines(
          'GET /v1/users/me?a=b&c HTTP/1.1',
          'host: x:1',
          'User-Agent: a (b; c) "d"',
          'AUTHORIZATION:  Bearer abc \t',
          'Accept: */*',
          'Connection: Keep-Alive',
        ),
      ),
    ).toEqual({ path: '/v1/users/me', authorization: 'Bearer abc', beganBeforeTurn: false })
  })

  it.each([
    ['another method', lines('HEAD /users/me HTTP/1.1', 'Host: x')],
    ['a method in small letters', lines('get /users/me HTTP/1.1', 'Host: x')],
    ['another path', lines('GET /users/me/ HTTP/1.1', 'Host: x')],
    ['a path that is escaped', lines('GET /users/%6de HTTP/1.1', 'Host: x')],
    ['a whole address', lines('GET http://x/users/me HTTP/1.1', 'Host: x')],
    ['an older version', lines('GET /users/me HTTP/1.0', 'Host: x')],
    ['two spaces', lines('GET  /users/me HTTP/1.1', 'Host: x')],
    ['a fragment of a version', lines('GET /users/me HTTP/1.', 'Host: x')],
    ['no host', lines(START, 'Accept: x')],
    ['two hosts', lines(START, 'Host: x', 'Host: y')],
    ['two authorizations', lines(START, 'Host: x', 'Authorization: Bearer a', 'authorization: Bearer b')],
    ['a body', lines(START, 'Host: x', 'Content-Length: 1')],
    ['a body of no bytes', lines(START, 'Host: x', 'Content-Length: 0')],
    ['a body in pieces', lines(START, 'Host: x', 'Transfer-Encoding: chunked')],
    ['an end of the connection', lines(START, 'Host: x', 'Connection: close')],
    ['another protocol', lines(START, 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket')],
    ['an expectation', lines(START, 'Host: x', 'Expect: 100-continue')],
    ['a line that goes on', lines(START, 'Host: x', 'X-A: b', ' c')],
    ['a space before the colon', lines(START, 'Host : x')],
    ['a line without a colon', lines(START, 'Host: x', 'nothing')],
    ['a control character', lines(START, 'Host: x', 'X-A: b\x00c')],
    ['a bare line feed', lines(START, 'Host: x', 'X-A: b\nTransfer-Encoding: chunked')],
    ['a bare carriage return', lines(START, 'Host: x', 'X-A: b\rc')],
    ['bytes beyond ASCII', lines(START, 'Host: x', 'X-A: caf\xe9')],
    ['half of it', `${START}\r\nHost: x\r\n`],
    ['two of them', lines(START, 'Host: x') + lines(START, 'Host: x')],
    ['more than all of it', `${lines(START, 'Host: x')}G`],
    ['a line before it', `\r\n${lines(START, 'Host: x')}`],
    ['very much', lines(START, 'Host: x', `X-A: ${'b'.repeat(9000)}`)],
    ['nothing', ''],
    ['nothing but an end', '\r\n\r\n'],
  ])('a raw request is left to the full parser with %s', (_what, text) => {
    expect(read(text)).toBeUndefined()
  })

  const head = (...more: string[]) => lines('POST /oauth/token HTTP/1.1', 'Host: x', ...more)
  const form = (text: string) => readRawDirect(Buffer.from(text, 'latin1'), FORMS)

  it('a raw form is read with its body and all of its fields', () => {
    const read = form(`${head('Content-Length: 3', 'AUTHORIZATION: Basic abc \t', 'X-Forwarded-For:  a, b')}a=b`)!
    expect([read.path, read.body]).toEqual(['/oauth/token', 'a=b'])
    const named = ['authorization', 'x-forwarded-for', 'content-type'].map(name => read.fields.get(name))
    expect(named).toEqual(['Basic abc', 'a, b', undefined])
  })

  it.each([
    ['no length', head()],
    ['no body', head('Content-Length: 0')],
    ['half a body', `${head('Content-Length: 4')}a=b`],
    ['more than the body', `${head('Content-Length: 3')}a=bc`],
    ['two lengths', `${head('Content-Length: 3', 'Content-Length: 3')}a=b`],
    ['a body in pieces', `${head('Content-Length: 3', 'Transfer-Encoding: chunked')}a=b`],
    ['an expectation', `${head('Content-Length: 3', 'Expect: 100-continue')}a=b`],
    ['an end of the connection', `${head('Content-Length: 3', 'Connection: close')}a=b`],
    ['a field twice', `${head('Content-Length: 3', 'X-Forwarded-For: a', 'x-forwarded-for: b')}a=b`],
    ['two authorizations', `${head('Content-Length: 3', 'Authorization: a', 'Authorization: b')}a=b`],
    ['a query', `${head('Content-Length: 3').replace('token', 'token?a')}a=b`],
    ['another path', `${head('Content-Length: 3').replace('token', 'tokens')}a=b`],
    ['another method', `${head('Content-Length: 3').replace('POST', 'PUT')}a=b`],
    ['bytes beyond ASCII', `${head('Content-Length: 3')}a=\xe9`],
    ['a control character', `${head('Content-Length: 3')}a=\n`],
    ['half a head', 'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n'],
    ['very much', `${head('Content-Length: 9000')}${'a'.repeat(9000)}`],
  ])('a raw form is left to the full parser with %s', (_what, text) => {
    expect(form(text)).toBeUndefined()
  })

  it.each([
    ['no length', head(), 0],
    ['a length of nothing', head('Content-Length: 0'), 0],
    ['a body that is all there', `${head('Content-Length: 3')}abc`, 0],
    ['half a body', `${head('content-length: 10')}abc`, 7],
    ['more than the body', `${head('Content-Length: 3')}abcG`, undefined],
    ['another request after it', head() + head(), undefined],
    ['two lengths', `${head('Content-Length: 3', 'Content-Length: 3')}abc`, undefined],
    ['a length with a sign', `${head('Content-Length: +3')}abc`, undefined],
    ['a list of lengths', `${head('Content-Length: 3, 3')}abc`, undefined],
    ['a body in pieces', head('Transfer-Encoding: chunked'), undefined],
    ['a length and pieces', head('Content-Length: 0', 'Transfer-Encoding: chunked'), undefined],
    ['an expectation', head('Content-Length: 3', 'Expect: 100-continue'), undefined],
    ['an end of the connection', head('Connection: close'), undefined],
    ['half a head', 'POST /oauth/token HTTP/1.1\r\nHost: x\r\n', undefined],
    ['another protocol', lines('CONNECT x:80 HTTP/1.1', 'Host: x'), undefined],
    ['an older version', lines('GET / HTTP/1.0', 'Host: x'), undefined],
    ['nothing', '', undefined],
  ])('the end of a request is known only where every parser agrees: %s', (_what, text, missing) => {
    expect(missingBody(Buffer.from(text, 'latin1'))).toBe(missing)
  })

  it('a connection whose requests differ by their credentials reads each as a new connection would', () => {
    const value = fc.oneof(
      fc.stringMatching(/^Bearer [\w.~+/-]{1,8}=?$/),
      fc.string({
        unit: fc.constantFrom('a', ' ', '\t', ',', '\r', '\n', '\r\n', '\0', '\x7f', '\xe9', ':'),
        maxLength: 6,
      }),
      fc.constantFrom(
        '',
        'x\r\nContent-Length: 1',
        'x\r\nHost: y',
        'x\r\n\r\nGET /users/me HTTP/1.1',
        'x\r\nAuthorization: y',
      ),
    )
    const request = fc
      .record({
        start: fc.constantFrom(START, START, START, 'GET /v1/users/me?q HTTP/1.1', 'GET /x HTTP/1.1'),
        name: fc.constantFrom('Authorization', 'Authorization', 'authorization', 'X-Authorization'),
        space: fc.constantFrom(' ', ' ', '', '\t '),
        value,
        more: fc.array(fc.constantFrom('Accept: */*', 'traceparent: 00-a-b-01', 'Content-Length: 0'), { maxLength: 1 }),
        isFirst: fc.boolean(),
        rest: fc.constantFrom('', '', '', 'G'),
      })
      .map(({ start, name, space, value, more, isFirst, rest }) => {
        const authorization = `${name}:${space}${value}`
        return lines(start, 'Host: x', ...(isFirst ? [authorization, ...more] : [...more, authorization])) + rest
      })
    let reads = 0
    fc.assert(
      fc.property(fc.array(request, { minLength: 2, maxLength: 12 }), requests => {
        const reader = new RawGetReader()
        for (const text of requests) {
          const here = reader.read(Buffer.from(text, 'latin1'), PATHS)
          expect(here).toEqual(read(text))
          if (here) reads += 1
        }
      }),
      { numRuns: 5000 },
    )
    expect(reads).toBeGreaterThan(5000)
  })
})
