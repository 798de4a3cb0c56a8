import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Runtime } from '../config/runtime.ts'
import { openToAll } from '../http/cors.ts'
import { logRequest } from '../http/request-log.ts'
import { commonHeaders } from '../http/security-headers.ts'
import { answerUsersMe, pathsBelow, type UsersMeAnswer } from './users-me.ts'

/**
 * Answers `GET /users/me` in Node's own terms, with the very headers and body that the route gives; says whether it
 * did. Other methods are left to the route.
 */
export type AnswerDirectly = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean

export function createAnswerDirectly(runtime: Runtime): AnswerDirectly {
  // An answer that comes later is the route's: there it is awaited, and its faults are answered and logged.
  if (runtime.store.engine !== 'sqlite') return () => false
  const paths = new Set(pathsBelow(runtime.settings.origin))
  const common = { ...commonHeaders(runtime.settings), ...openToAll }
  return (incoming, outgoing) => {
    const { method, url = '', headers, rawHeaders } = incoming
    if (method !== 'GET' || countAuthorizations(rawHeaders) > 1) return false
    const at = url.indexOf('?')
    const path = at < 0 ? url : url.slice(0, at)
    if (!paths.has(path)) return false

    const started = performance.now()
    const requestId = randomUUID()
    let answer: UsersMeAnswer
    try {
      const now = answerUsersMe(runtime, headers.authorization)
      if (now instanceof Promise) throw new Error('Only an embedded database answers at once.')
      answer = now
    } catch {
      // What went wrong will go wrong there too, and is answered and logged there as all our faults are.
      return false
    }
    outgoing.writeHead(answer.status, {
      ...common,
      ...answer.headers,
      'X-Request-Id': requestId,
      'Content-Length': answer.body.length,
    })
    outgoing.end(answer.body.text)
    logRequest(runtime.log, { requestId, method, path, status: answer.status, started })
    return true
  }
}

/** Node keeps the first of a repeated header where its server is not told otherwise. */
function countAuthorizations(rawHeaders: readonly string[]): number {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    if (name.length === 'authorization'.length && name.toLowerCase() === 'authorization') count += 1
  }
  return count
}
