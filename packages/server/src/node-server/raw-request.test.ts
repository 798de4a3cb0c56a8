import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missingBody, readRawDirect, readRawGet } from './raw-request.ts'

const PATHS = new Set(['/users/me', '/v1/users/me'])
const read = (text: string) => readRawGet(Buffer.from(text, 'latin1'), PATHS)
const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`
const FORMS = new Set(['POST /oauth/token'])
const PAGES = new Set(['GET /users/me', 'GET /v1/users/me'])
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

  describe('beside the full parser', () => {
    let server: Server
    let requests: IncomingMessage[] = []
    /** Of the last request. */
    let body = ''
    beforeAll(async () => {
      server = createServer((request, response) => {
        requests.push(request)
        body = ''
        request.setEncoding('latin1').on('data', chunk => {
          body += chunk
        })
        request.on('end', () => response.end())
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
    })
    afterAll(() => {
      server.closeAllConnections()
      server.close()
    })

    /** What Node makes of these bytes: one request after the other, until it answered each or refused. */
    async function parse(text: string) {
      requests = []
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
      let answer = ''
      socket.on('data', chunk => {
        answer += chunk
      })
      socket.end(Buffer.from(text, 'latin1'))
      await once(socket, 'close')
      return { answer, requests }
    }

    const field = fc.oneof(
      fc.constantFrom(
        'Host: x',
        'Authorization: Bearer t',
        'Accept: */*',
        'Connection: keep-alive',
        'Content-Length: 0',
      ),
      fc.constantFrom('Transfer-Encoding: chunked', 'Connection: close', ' x', 'A:', 'A: \t b ', 'A b: c', ''),
      fc.tuple(fc.constantFrom('X', 'x-y_z'), fc.string({ maxLength: 5 })).map(([name, value]) => `${name}: ${value}`),
    )
    const request = fc
      .record({
        start: fc.constantFrom(
          START,
          START,
          START,
          'GET /v1/users/me?q HTTP/1.1',
          'GET /users/me HTTP/1.1 ',
          'GET /x HTTP/1.1',
        ),
        fields: fc.array(field, { maxLength: 3 }),
        end: fc.constantFrom(...Array(9).fill('\r\n'), '\n', '\r'),
        /** One byte made another. */
        mutation: fc.option(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { freq: 2 }),
      })
      .map(({ start, fields, end, mutation }) => {
        const text = `${[start, 'Host: x', ...fields].join(end)}\r\n\r\n`
        if (!mutation) return text
        const at = mutation[0] % text.length
        return text.slice(0, at) + String.fromCharCode(mutation[1]) + text.slice(at + 1)
      })

    it('means the same to it: one whole GET without a body, with this path and this authorization', async () => {
      let read = 0
      let directly = 0
      await fc.assert(
        fc.asyncProperty(request, async text => {
          const plain = readRawGet(Buffer.from(text, 'latin1'), PATHS)
          const direct = readRawDirect(Buffer.from(text, 'latin1'), PAGES)
          // What the second takes the first would have, had it been for it.
          if (!plain) {
            expect(direct).toBeUndefined()
            return
          }
          read += 1
          const { answer, requests } = await parse(text)
          expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
          expect(requests).toHaveLength(1)
          const [{ method, url = '', headers } = {} as IncomingMessage] = requests
          if (direct) {
            directly += 1
            expect([direct.path, direct.query, direct.body]).toEqual([plain.path, url.split('?')[1] ?? '', ''])
            for (const name of ['authorization', 'accept', 'x', 'x-y_z', 'a']) {
              expect(direct.fields.get(name)).toBe(headers[name])
            }
          }
          expect([method, url.split('?')[0], headers.authorization]).toEqual(['GET', plain.path, plain.authorization])
          expect([headers['content-length'], headers['transfer-encoding']]).toEqual([undefined, undefined])
        }),
        { numRuns: 2000 },
      )
      expect(read).toBeGreaterThan(100)
      expect(directly).toBeGreaterThan(50)
    })

    it('a form means the same to it: one whole POST with this path, this body and these fields', async () => {
      const posted = fc
        .record({ rest: request, length: fc.nat({ max: 8 }), body: fc.string({ maxLength: 8 }) })
        .map(({ rest, length, body }) => {
          const text = rest
            .replace('GET /users/me', 'POST /oauth/token')
            .replace('Host: x', `Host: x\r\nContent-Length: ${length}`)
          return text + Buffer.from(body).toString('latin1').slice(0, length)
        })
      let read = 0
      await fc.assert(
        fc.asyncProperty(posted, async text => {
          const plain = readRawDirect(Buffer.from(text, 'latin1'), FORMS)
          if (!plain) return
          read += 1
          const { answer, requests } = await parse(text)
          expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
          expect(requests).toHaveLength(1)
          const [{ method, url, headers } = {} as IncomingMessage] = requests
          expect([method, url, body]).toEqual(['POST', plain.path, plain.body])
          for (const name of ['authorization', 'accept', 'x', 'x-y_z', 'a']) {
            expect(plain.fields.get(name)).toBe(headers[name])
          }
        }),
        { numRuns: 4000 },
      )
      expect(read).toBeGreaterThan(100)
    })

    it('what is taken for a whole request is one whole request to it, with a body of that length', async () => {
      const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY')
      const withBody = fc
        .record({ method: methods, rest: request, length: fc.nat({ max: 12 }), body: fc.string({ maxLength: 12 }) })
        .map(({ method, rest, length, body }) => {
          const text = rest
            .replace('GET /users/me', `${method} /users/me`)
            .replace('Content-Length: 0', `Content-Length: ${length}`)
          return text + Buffer.from(body).toString('latin1').slice(0, length)
        })
      let whole = 0
      let withLength = 0
      await fc.assert(
        fc.asyncProperty(withBody, async text => {
          if (missingBody(Buffer.from(text, 'latin1')) !== 0) return
          whole += 1
          const { answer, requests } = await parse(text)
          expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
          expect(requests).toHaveLength(1)
          const [{ headers, complete } = {} as IncomingMessage] = requests
          expect([complete, headers['transfer-encoding']]).toEqual([true, undefined])
          const length = text.length - text.indexOf('\r\n\r\n') - 4
          expect(Number(headers['content-length'] ?? 0)).toBe(length)
          if (length > 0) withLength += 1
        }),
        { numRuns: 4000 },
      )
      expect(whole).toBeGreaterThan(100)
      expect(withLength).toBeGreaterThan(5)
    })
  })
})
