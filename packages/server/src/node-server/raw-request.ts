import type { DirectRequest, HotRequest } from '../http/hot-route.ts'

/** The largest head of a request that is read here, in bytes. */
const MAX_SIZE = 8192
const METHOD = 'GET '
const VERSION = ' HTTP/1.1'
const END = '\r\n\r\n'
/** RFC 9112 section 3.2: a path and a query, both of visible characters. */
const TARGET = /^\/[!-~]*$/
const REQUEST_LINE = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \/[!-~]* HTTP\/1\.1$/
/** RFC 9110 section 5.5: field lines that no proxy in front of us can have read differently. */
const FIELDS = /^(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e]*\r\n)*$/
const LENGTH = /^\d{1,15}$/
/** Fields that affect where the request ends or what happens to the connection, but for `Content-Length`. */
const FRAMING_FIELDS = new Set(['connection', 'expect', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

/** The last request of a connection, without its credentials: most clients send the same again with another token. */
interface Shape {
  /** Up to the value of `Authorization`. */
  before: string
  /** From the end of its line. */
  after: string
  path: string
  traceparent: string | undefined
}

/** What a field's value may consist of here (RFC 9110 section 5.5), so that it cannot end its line. */
const VALUE = /^[\t -~]*$/

/** Reads the hot requests of one connection. A request that differs from the one before by its credentials alone is not taken apart again. */
export class RawGetReader {
  #last: Shape | undefined

  /**
   * Reads a chunk that is exactly one `GET` request for one of `paths` in its simplest form: no body, complete, nothing
   * after it. Everything else is for a full parser, which must be given the same bytes.
   * @param paths the same at each call
   * @returns undefined for everything else
   */
  read(bytes: Buffer, paths: { has(path: string): boolean }): HotRequest | undefined {
    if (bytes.length > MAX_SIZE) return undefined
    const text = bytes.toString('latin1')
    return this.#readAsLast(text) ?? this.#readWhole(bytes, text, paths)
  }

  #readAsLast(text: string): HotRequest | undefined {
    const last = this.#last
    if (last === undefined) return undefined
    const { before, after, path, traceparent } = last
    const end = text.length - after.length
    if (end < before.length || !text.startsWith(before) || !text.endsWith(after)) return undefined
    const authorization = text.slice(before.length, end)
    if (!VALUE.test(authorization)) return undefined
    return { path, authorization: authorization.trim(), traceparent, beganBeforeTurn: false }
  }

  #readWhole(bytes: Buffer, text: string, paths: { has(path: string): boolean }): HotRequest | undefined {
    if (!text.startsWith(METHOD) || !text.endsWith(END)) return undefined
    const lineEnd = text.indexOf('\r\n')
    const target = text.slice(METHOD.length, lineEnd - VERSION.length)
    if (!text.startsWith(VERSION, METHOD.length + target.length) || !TARGET.test(target)) return undefined
    const query = target.indexOf('?')
    const path = query < 0 ? target : target.slice(0, query)
    if (!paths.has(path)) return undefined
    const fields = readFields(text, lineEnd + 2)
    if (!fields || fields.length !== undefined) return undefined
    const { authorization, authorizationStart, authorizationEnd, traceparent } = fields
    if (authorization !== undefined) {
      // Texts of their own: parts of the whole would keep it in memory, with its token, and are compared more slowly.
      const before = bytes.toString('latin1', 0, authorizationStart)
      const after = bytes.toString('latin1', authorizationEnd)
      this.#last = { before, after, path, traceparent }
    }
    return { path, authorization, traceparent, beganBeforeTurn: false }
  }
}

/** A target that no parser of addresses changes: its query holds only what RFC 3986 allows there, and no apostrophe. */
const PLAIN_TARGET = /^\/[\w.~!$&()*+,;=:@/?%-]*$/
/** A form as it is encoded; anything else has to be decoded. */
const PRINTABLE = /^[ -~]+$/

/** What may be read of a request beside one for a hot route. */
export type RawDirectRequest = Omit<DirectRequest, 'socket'>

/**
 * Reads a chunk that is exactly one request for one of `routes` in its simplest form: no field twice, nothing after it; with a query
 * and no body if it is a `GET`, and with all of its body and no query if it is a `POST`. Everything else is for a full parser, which
 * must be given the same bytes.
 * @param routes methods with paths: `GET /oauth/authorize`
 * @returns undefined for everything else
 */
export function readRawDirect(
  bytes: Buffer,
  routes: { has(methodAndPath: string): boolean },
): RawDirectRequest | undefined {
  if (bytes.length > MAX_SIZE) return undefined
  const text = bytes.toString('latin1')
  const method = text.startsWith('POST ') ? 'POST' : 'GET'
  const targetStart = method.length + 1
  const lineEnd = text.indexOf('\r\n')
  const target = text.slice(targetStart, lineEnd - VERSION.length)
  const [path, query] = splitTarget(target)
  if (!routes.has(`${text.slice(0, targetStart)}${path}`)) return undefined
  if (!text.startsWith(VERSION, targetStart + target.length) || !PLAIN_TARGET.test(target)) return undefined
  const bodyStart = text.indexOf(END) + END.length
  if (bodyStart < END.length) return undefined
  const others = new Map<string, string>()
  const fields = readFields(text.slice(0, bodyStart), lineEnd + 2, others)
  if (!fields) return undefined
  const body = text.slice(bodyStart)
  if (method === 'GET' ? body !== '' || fields.length !== undefined : target !== path) return undefined
  if (method === 'POST' && (fields.length !== body.length || !PRINTABLE.test(body))) return undefined
  if (fields.authorization !== undefined) others.set('authorization', fields.authorization)
  return { method, path, query, body, fields: others }
}

function splitTarget(target: string): [path: string, query: string] {
  const at = target.indexOf('?')
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)]
}

/**
 * How much is still to come of a chunk that begins with a request in a simple form and holds nothing after it.
 * @returns bytes of the body; undefined where only a full parser knows
 */
export function missingBody(bytes: Buffer): number | undefined {
  const headLength = bytes.subarray(0, MAX_SIZE).indexOf(END) + END.length
  if (headLength < END.length) return undefined
  const head = bytes.toString('latin1', 0, headLength)
  const lineEnd = head.indexOf('\r\n')
  if (!REQUEST_LINE.test(head.slice(0, lineEnd))) return undefined
  const fields = readFields(head, lineEnd + 2)
  if (!fields) return undefined
  const missing = headLength + (fields.length ?? 0) - bytes.length
  return missing < 0 ? undefined : missing
}

/** The fields of a head that matter here. */
interface Fields {
  authorization: string | undefined
  /** Where its value begins and its line ends. */
  authorizationStart: number
  authorizationEnd: number
  traceparent: string | undefined
  /** Of the body, where it is said. */
  length: number | undefined
}

/**
 * Reads the lines of a head from `start` to the empty line at its end.
 * @param others gets all other fields, none of which may be there twice then
 */
function readFields(head: string, start: number, others?: Map<string, string>): Fields | undefined {
  let authorization: string | undefined
  let authorizationStart = 0
  let authorizationEnd = 0
  let traceparent: string | undefined
  let length: number | undefined
  let hosts = 0
  let lineStart = start
  const end = head.length - 2
  if (!FIELDS.test(head.slice(start, end))) return undefined
  while (lineStart < end) {
    const lineEnd = head.indexOf('\r\n', lineStart)
    const colon = head.indexOf(':', lineStart)
    const name = head.slice(lineStart, colon).toLowerCase()
    const value = head.slice(colon + 1, lineEnd).trim()
    if (name === 'authorization') {
      if (authorization !== undefined) return undefined
      authorization = value
      authorizationStart = colon + 1
      authorizationEnd = lineEnd
    } else if (name === 'traceparent') {
      traceparent = value
    } else if (name === 'host') {
      hosts += 1
    } else if (name === 'content-length') {
      if (length !== undefined || !LENGTH.test(value)) return undefined
      length = Number(value)
    } else if (FRAMING_FIELDS.has(name) && !isKeepAlive(name, value)) {
      return undefined
    } else if (others) {
      if (others.has(name)) return undefined
      others.set(name, value)
    }
    lineStart = lineEnd + 2
  }
  return hosts === 1 ? { authorization, authorizationStart, authorizationEnd, traceparent, length } : undefined
}

function isKeepAlive(name: string, value: string): boolean {
  return name === 'connection' && value.toLowerCase() === 'keep-alive'
}
