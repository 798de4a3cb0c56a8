import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missingBody, RawGetReader, readRawDirect } from './raw-request.ts'

const PATHS = new Set(['/users/me', '/v1/users/me'])
const FORMS = new Set(['POST /oauth/token'])
const PAGES = new Set(['GET /users/me', 'GET /v1/users/me'])
const START = 'GET /users/me HTTP/1.1'

describe('beside the full parser, a raw request', () => {
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
    fc.constantFrom('Host: x', 'Authorization: Bearer t', 'Accept: */*', 'Connection: keep-alive', 'Content-Length: 0'),
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
        const plain = new RawGetReader().read(Buffer.from(text, 'latin1'), PATHS)
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
