import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Handler } from '../handler.ts'

/** Longer bodies are not the kit's: its own are a short form and a short JSON. */
const MAX_BODY = 65_536

/**
 * A Node request as a web-standard one. A body that a framework has read before is taken as it parsed it.
 * @param parsedBody the framework's parsed body, if it has one
 */
export async function toRequest(incoming: IncomingMessage, url: string, parsedBody?: unknown): Promise<Request> {
  const headers = new Headers()
  for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
    const name = incoming.rawHeaders[index]!
    // HTTP/2 has pseudo headers (RFC 9113 section 8.3).
    if (!name.startsWith(':')) headers.append(name, incoming.rawHeaders[index + 1]!)
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
  // `express.raw()` keeps the bytes.
  if (parsed instanceof Uint8Array) return new TextDecoder().decode(parsed)
  const isForm = headers.get('Content-Type')?.startsWith('application/x-www-form-urlencoded')
  return isForm ? new URLSearchParams(parsed as Record<string, string>).toString() : JSON.stringify(parsed)
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length
    // Too long for any request to the kit: the body stays empty.
    if (length <= MAX_BODY) chunks.push(chunk)
  }
  return length > MAX_BODY ? '' : Buffer.concat(chunks).toString('utf8')
}

function cookiesBefore(outgoing: ServerResponse): string[] {
  return [outgoing.getHeader('Set-Cookie') ?? []].flat().map(String)
}

/** Sends a web-standard answer by Node. */
export async function sendResponse(outgoing: ServerResponse, response: Response): Promise<void> {
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) outgoing.setHeader('Set-Cookie', cookiesBefore(outgoing).concat(cookies))
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

const natives = new WeakMap<Request, IncomingMessage>()

/** The framework's own request that a hook's `request` was made from. */
export function nativeOf(request: Request): IncomingMessage | undefined {
  return natives.get(request)
}

/** Methods that no web-standard request can have (Fetch, section 4.6.3). */
const FORBIDDEN = new Set(['CONNECT', 'TRACE', 'TRACK'])

/** The request's own host, where it is one: the kit does not use it, an app's hooks may. */
function hostOf({ headers }: IncomingMessage): string {
  const host = headers.host ?? (headers[':authority'] as string | undefined) ?? 'localhost'
  return /^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i.test(host) && URL.canParse(`http://${host}/`) ? host : 'localhost'
}

/** Runs a handler on a Node request and sends its answer. */
export async function handleNode(
  handler: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  path: string,
  parsedBody?: unknown,
): Promise<void> {
  if (FORBIDDEN.has(incoming.method ?? '')) {
    await sendResponse(outgoing, new Response(null, { status: 405, headers: { Allow: 'GET, POST, DELETE' } }))
    return
  }
  const request = await toRequest(incoming, `http://${hostOf(incoming)}${path}`, parsedBody).catch(() => undefined)
  // A request that has no web-standard form is not for the kit.
  if (request) natives.set(request, incoming)
  const response = request ? await handler(request) : new Response('The request is malformed.', { status: 400 })
  await sendResponse(outgoing, response)
}
