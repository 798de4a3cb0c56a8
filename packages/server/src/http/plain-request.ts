/** As much of a request as answering it takes. */
export interface PlainRequest {
  /** Without its query. */
  path: string
  authorization: string | undefined
}

const LARGEST = 8192
const METHOD = 'GET '
const VERSION = ' HTTP/1.1'
/** RFC 9112 section 3.2: a path and a query, both of visible characters. */
const TARGET = /^\/[!-~]*$/
/** RFC 9110 section 5.5, with its line: nothing that a proxy before us may have read in another way. */
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e]*)$/
/** Those that say something about where the request ends, or what becomes of the connection. */
const DELICATE = new Set(['connection', 'content-length', 'expect', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

/**
 * Reads a request that is nothing but a `GET` of one of `paths`, whole, alone and in its plainest form. All else is for
 * a full parser, which must be given the very same bytes: what is read here has no body, ends with its head, and leaves
 * the connection as it was.
 * @returns undefined for all else
 */
export function readPlainGet(bytes: Buffer, paths: ReadonlySet<string>): PlainRequest | undefined {
  if (bytes.length > LARGEST) return undefined
  const text = bytes.toString('latin1')
  if (!text.startsWith(METHOD) || !text.endsWith('\r\n\r\n')) return undefined
  const lineEnd = text.indexOf('\r\n')
  const target = text.slice(METHOD.length, lineEnd - VERSION.length)
  if (!text.startsWith(VERSION, METHOD.length + target.length) || !TARGET.test(target)) return undefined
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  return paths.has(path) ? readFields(path, text, lineEnd + 2) : undefined
}

/** The lines from `at` to the empty one at the end. */
function readFields(path: string, text: string, at: number): PlainRequest | undefined {
  let authorization: string | undefined
  let hosts = 0
  const end = text.length - 2
  for (let start = at; start < end; ) {
    const stop = text.indexOf('\r\n', start)
    const field = FIELD.exec(text.slice(start, stop))
    if (!field) return undefined
    const name = field[1]!.toLowerCase()
    if (name === 'authorization') {
      if (authorization !== undefined) return undefined
      authorization = field[2]!.trimEnd()
    } else if (name === 'host') hosts += 1
    else if (DELICATE.has(name) && !(name === 'connection' && field[2]!.toLowerCase() === 'keep-alive')) {
      return undefined
    }
    start = stop + 2
  }
  return hosts === 1 ? { path, authorization } : undefined
}
