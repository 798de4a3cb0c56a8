import type { FormRequest, HotRequest } from '../http/hot-route.ts'

/** The largest head of a request that is read here, in bytes. */
const MAX_SIZE = 8192
const METHOD = 'GET '
const VERSION = ' HTTP/1.1'
const END = '\r\n\r\n'
/** RFC 9112 section 3.2: a path and a query, both of visible characters. */
const TARGET = /^\/[!-~]*$/
const REQUEST_LINE = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \/[!-~]* HTTP\/1\.1$/
/** RFC 9110 section 5.5: a field line that no proxy in front of us can have read differently. */
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e]*)$/
const LENGTH = /^\d{1,15}$/
/** Fields that affect where the request ends or what happens to the connection, but for `Content-Length`. */
const FRAMING_FIELDS = new Set(['connection', 'expect', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

/**
 * Reads a chunk that is exactly one `GET` request for one of `paths` in its simplest form: no body, complete, nothing
 * after it. Everything else is for a full parser, which must be given the same bytes.
 * @returns undefined for everything else
 */
export function readRawGet(bytes: Buffer, paths: { has(path: string): boolean }): HotRequest | undefined {
  if (bytes.length > MAX_SIZE) return undefined
  const text = bytes.toString('latin1')
  if (!text.startsWith(METHOD) || !text.endsWith(END)) return undefined
  const lineEnd = text.indexOf('\r\n')
  const target = text.slice(METHOD.length, lineEnd - VERSION.length)
  if (!text.startsWith(VERSION, METHOD.length + target.length) || !TARGET.test(target)) return undefined
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  if (!paths.has(path)) return undefined
  const fields = readFields(text, lineEnd + 2)
  if (!fields || fields.length !== undefined) return undefined
  return { path, authorization: fields.authorization, traceparent: fields.traceparent, beganBeforeTurn: false }
}

const POST = 'POST '
/** A form as it is encoded; anything else has to be decoded. */
const PRINTABLE = /^[ -~]+$/

/**
 * Reads a chunk that is exactly one `POST` request for one of `paths` in its simplest form: no query, no field twice, all of its body,
 * nothing after it. Everything else is for a full parser, which must be given the same bytes.
 * @returns undefined for everything else
 */
export function readRawPost(
  bytes: Buffer,
  paths: { has(path: string): boolean },
): Omit<FormRequest, 'socket'> | undefined {
  if (bytes.length > MAX_SIZE) return undefined
  const text = bytes.toString('latin1')
  if (!text.startsWith(POST)) return undefined
  const lineEnd = text.indexOf('\r\n')
  const path = text.slice(POST.length, lineEnd - VERSION.length)
  if (!paths.has(path) || !text.startsWith(VERSION, POST.length + path.length)) return undefined
  const bodyStart = text.indexOf(END) + END.length
  if (bodyStart < END.length) return undefined
  const others = new Map<string, string>()
  const fields = readFields(text.slice(0, bodyStart), lineEnd + 2, others)
  const body = text.slice(bodyStart)
  if (!fields || fields.length !== body.length || !PRINTABLE.test(body)) return undefined
  const { authorization } = fields
  return { path, body, header: name => (name === 'authorization' ? authorization : others.get(name)) }
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
  let traceparent: string | undefined
  let length: number | undefined
  let hosts = 0
  let lineStart = start
  while (lineStart < head.length - 2) {
    const lineEnd = head.indexOf('\r\n', lineStart)
    const field = FIELD.exec(head.slice(lineStart, lineEnd))
    if (!field) return undefined
    const name = field[1]!.toLowerCase()
    if (name === 'authorization') {
      if (authorization !== undefined) return undefined
      authorization = field[2]!.trimEnd()
    } else if (name === 'traceparent') {
      traceparent = field[2]!.trimEnd()
    } else if (name === 'host') {
      hosts += 1
    } else if (name === 'content-length') {
      if (length !== undefined || !LENGTH.test(field[2]!)) return undefined
      length = Number(field[2])
    } else if (FRAMING_FIELDS.has(name) && !isKeepAlive(name, field[2]!)) {
      return undefined
    } else if (others) {
      if (others.has(name)) return undefined
      others.set(name, field[2]!.trimEnd())
    }
    lineStart = lineEnd + 2
  }
  return hosts === 1 ? { authorization, traceparent, length } : undefined
}

function isKeepAlive(name: string, value: string): boolean {
  return name === 'connection' && value.toLowerCase() === 'keep-alive'
}
