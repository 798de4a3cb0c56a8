import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Connect } from '../connect.ts'
import { handleNode } from './node.ts'

/** An Express request, as far as it matters here. */
interface ExpressRequest extends IncomingMessage {
  originalUrl?: string
  body?: unknown
}

/** Express 5 middleware: `app.use(expressConnect(connect))`. Other paths go on to the next one. */
export function expressConnect(connect: Connect) {
  return (request: ExpressRequest, response: ServerResponse, next: (error?: unknown) => void): void => {
    const path = request.originalUrl ?? request.url ?? '/'
    if (connect.handles(path.split('?')[0]!)) {
      handleNode(connect.handler, request, response, path, request.body).catch(next)
    } else next()
  }
}
