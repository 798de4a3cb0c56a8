import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Handler } from '../handler.ts'

/** Longer bodies are not the kit's: its own are a short form and a short JSON. */
const LARGEST_BODY = 65_536

/**
 * A Node request as a web-standard one. A body that a framework has read before is taken as it parsed it.
 * @param parsedBody the framework's parsed body, if it has one
 */
export async function toRequest(incoming: IncomingMessage, url: string, parsedBody?: unknown): Promise<Request> {
  const headers = new Headers()
  for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index]!, incoming.rawHeaders[index + 1]!)
  }
  const { method = 'GET' } = incoming
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers })
  const body = incoming.readableEnded ? bodyAgain(headers, parsedBody) : await readBody(incoming)
  headers.delete('Content-Length')
  return new Request(url, { method, headers, body })
}

/** The text of a body of which only its parsed form is left. */
function bodyAgain(headers: Headers, parsed: unknown): string | null {
  if (parsed === undefined || parsed === null) return null
  if (typeof parsed === 'string') return parsed
  const isForm = headers.get('Content-Type')?.startsWith('application/x-www-form-urlencoded')
  return isForm ? new URLSearchParams(parsed as Record<string, string>).toString() : JSON.stringify(parsed)
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length
    // Too long to be meant for the kit: it is told so by an empty body.
    if (length <= LARGEST_BODY) chunks.push(chunk)
  }
  return length > LARGEST_BODY ? '' : Buffer.concat(chunks).toString('utf8')
}

/** Sends a web-standard answer by Node. */
export async function sendResponse(outgoing: ServerResponse, response: Response): Promise<void> {
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) outgoing.appendHeader('Set-Cookie', cookies)
  if (!response.body) {
    outgoing.end()
    return
  }
  await new Promise<void>((resolve, reject) => {
    Readable.fromWeb(response.body as never)
      .on('error', reject)
      .pipe(outgoing)
      .on('finish', resolve)
      .on('error', reject)
  })
}

/** Runs a handler on a Node request and sends its answer. The host in the address is not used by the kit. */
export async function handleNode(
  handler: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  path: string,
  parsedBody?: unknown,
): Promise<void> {
  await sendResponse(
    outgoing,
    await handler(await toRequest(incoming, `http://${incoming.headers.host ?? 'localhost'}${path}`, parsedBody)),
  )
}
