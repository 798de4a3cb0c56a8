import type { HotResponse } from '../http/hot-route.ts'
import { nodeHttp } from '../http/node-http.ts'

/** A whole HTTP/1.1 response as it is written to the socket. */
export interface RawResponse {
  text: string
  /** `latin1` is written faster, and is the same for ASCII. */
  encoding: 'latin1' | 'utf8'
  /** Whether the connection ends with it. */
  isLast: boolean
}

/** Writes responses, and caches the head of the latest headers: successful responses of a route share theirs. */
export class RawResponseWriter {
  #headers: HotResponse['headers'] | undefined
  #head = ''

  write({ status, headers, requestId, body }: HotResponse, isLast: boolean): RawResponse {
    const head = this.#headOf(status, headers)
    const connection = isLast ? 'close' : 'keep-alive'
    return {
      text: `${head}X-Request-Id: ${requestId}\r\nContent-Length: ${body.length}\r\nDate: ${dateHeader()}\r\nConnection: ${connection}\r\n\r\n${body.text}`,
      encoding: body.isAscii ? 'latin1' : 'utf8',
      isLast,
    }
  }

  #headOf(status: number, headers: HotResponse['headers']): string {
    if (status !== 200) return formatHead(status, headers)
    if (headers !== this.#headers) {
      this.#headers = headers
      this.#head = formatHead(status, headers)
    }
    return this.#head
  }
}

function formatHead(status: number, headers: HotResponse['headers']): string {
  const lines = Object.entries(headers).map(([name, value]) =>
    typeof value === 'string' ? formatLine(name, value) : value.map(each => formatLine(name, each)).join(''),
  )
  return `HTTP/1.1 ${status} ${nodeHttp.STATUS_CODES[status]}\r\n${lines.join('')}`
}

function formatLine(name: string, value: string): string {
  if (/[^\t\x20-\x7e]/.test(value)) throw new Error(`The header ${name} holds a character that is not allowed.`)
  return `${name}: ${value}\r\n`
}

let dateSecond = 0
let dateText = ''

/** The Date header (RFC 9110 section 6.6.1), formatted once a second. */
function dateHeader(): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = new Date(second * 1000).toUTCString()
  }
  return dateText
}
