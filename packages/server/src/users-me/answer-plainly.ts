import { randomUUID } from 'node:crypto'
import type { Runtime } from '../config/runtime.ts'
import { openToAll } from '../http/cors.ts'
import { type AnswersPlainly, dateHeader, writeHead } from '../http/plain-answer.ts'
import { logRequest } from '../http/request-log.ts'
import { commonHeaders } from '../http/security-headers.ts'
import { answerUsersMe, OK_HEADERS, pathsBelow, type UsersMeAnswer } from './users-me.ts'

/** Answers `GET /users/me` as it goes over the wire, with the very headers and body that the route gives. */
export function createAnswersPlainly(runtime: Runtime): AnswersPlainly {
  const common = { ...commonHeaders(runtime.settings), ...openToAll }
  const okHead = writeHead(200, { ...common, ...OK_HEADERS })
  return {
    // An answer that comes later is the route's: there it is awaited, and its faults are answered and logged.
    paths: new Set(runtime.store.engine === 'sqlite' ? pathsBelow(runtime.settings.origin) : []),
    answer({ path, authorization }, isLast) {
      const started = performance.now()
      const requestId = randomUUID()
      let answer: UsersMeAnswer
      try {
        const now = answerUsersMe(runtime, authorization)
        if (now instanceof Promise) return undefined
        answer = now
      } catch {
        // What went wrong will go wrong there too, and is answered and logged there as all our faults are.
        return undefined
      }
      const { status, headers, body } = answer
      const head = headers === OK_HEADERS ? okHead : writeHead(status, { ...common, ...headers })
      const connection = isLast ? 'close' : 'keep-alive'
      logRequest(runtime.log, { requestId, method: 'GET', path, status, started })
      return {
        text: `${head}X-Request-Id: ${requestId}\r\nContent-Length: ${body.length}\r\nDate: ${dateHeader()}\r\nConnection: ${connection}\r\n\r\n${body.text}`,
        encoding: body.isAscii ? 'latin1' : 'utf8',
      }
    },
  }
}
