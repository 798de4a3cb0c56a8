import { STATUS_CODES } from 'node:http'
import type { PlainRequest } from './plain-request.ts'

/** What answers plain requests at once. */
export interface AnswersPlainly {
  readonly paths: ReadonlySet<string>
  /**
   * @param isLast whether the connection ends with it
   * @returns what goes over the wire, or undefined for what is left to `node:http`
   */
  answer(request: PlainRequest, isLast: boolean): WireText | undefined
}

export interface WireText {
  text: string
  /** The faster one where it will do. */
  encoding: 'latin1' | 'utf8'
}

/** The head of an answer as it goes over the wire, but for its last lines. */
export function writeHead(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => {
    if (/[^\t\x20-\x7e]/.test(value)) throw new Error(`The header ${name} holds what it may not.`)
    return `${name}: ${value}\r\n`
  })
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}`
}

let [second, date] = [0, '']

/** The Date header of now, made once a second (RFC 9110 section 6.6.1). */
export function dateHeader(): string {
  const now = Math.floor(Date.now() / 1000)
  if (now !== second) {
    second = now
    date = new Date(now * 1000).toUTCString()
  }
  return date
}
