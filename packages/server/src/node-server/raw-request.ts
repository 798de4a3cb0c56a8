import type { HotRequest } from '../http/hot-route.ts'

/** The largest request that is read here, in bytes. */
const MAX_SIZE = 8192
const METHOD = 'GET '
const VERSION = ' HTTP/1.1'
/** RFC 9112 section 3.2: a path and a query, both of visible characters. */
const TARGET = /^\/[!-~]*$/
/** RFC 9110 section 5.5: a field line that no proxy in front of us can have read differently. */
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e]*)$/
/** Fields that affect where the request ends or what happens to the connection. */
const FRAMING_FIELDS = new Set([
  'connection',
  'content-length',
  'expect',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Reads a chunk that is exactly one `GET` request for one of `paths` in its simplest form: no body, complete, nothing
 * after it. Everything else is for a full parser, which must be given the same bytes.
 * @returns undefined for everything else
 */
export function readRawGet(bytes: Buffer, paths: { has(path: string): boolean }): HotRequest | undefined {
  if (bytes.length > MAX_SIZE) return undefined
  const text = bytes.toString('latin1')
  if (!text.startsWith(METHOD) || !text.endsWith('\r\n\r\n')) return undefined
  const lineEnd = text.indexOf('\r\n')
  const target = text.slice(METHOD.length, lineEnd - VERSION.length)
  if (!text.startsWith(VERSION, METHOD.length + target.length) || !TARGET.test(target)) return undefined
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  return paths.has(path) ? readFields(path, text, lineEnd + 2) : undefined
}

/** Reads the lines from `start` to the empty line at the end. */
function readFields(path: string, text: string, start: number): HotRequest | undefined {
  let authorization: string | undefined
  let traceparent: string | undefined
  let hosts = 0
  let lineStart = start
  while (lineStart < text.length - 2) {
    const lineEnd = text.indexOf('\r\n', lineStart)
    const field = FIELD.exec(text.slice(lineStart, lineEnd))
    if (!field) return undefined
    const name = field[1]!.toLowerCase()
    if (name === 'authorization') {
      if (authorization !== undefined) return undefined
      authorization = field[2]!.trimEnd()
    } else if (name === 'traceparent') {
      traceparent = field[2]!.trimEnd()
    } else if (name === 'host') {
      hosts += 1
    } else if (FRAMING_FIELDS.has(name) && !isKeepAlive(name, field[2]!)) {
      return undefined
    }
    lineStart = lineEnd + 2
  }
  return hosts === 1 ? { path, authorization, traceparent } : undefined
}

function isKeepAlive(name: string, value: string): boolean {
  return name === 'connection' && value.toLowerCase() === 'keep-alive'
}
