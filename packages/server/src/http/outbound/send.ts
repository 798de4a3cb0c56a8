import type { LookupAddress } from 'node:dns'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { LookupFunction, Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { nodeHttp, nodeHttps, nodeTls } from '../node-http.ts'
import { resolvePublic } from './public-address.ts'

/** A request to a server outside. */
export interface OutboundRequest {
  url: string
  method: string
  headers: Record<string, string>
  body: string
  /** Ends it at once, whatever it waits for. */
  signal: AbortSignal
  /** How many bytes of the answer's body are read; none when not given. */
  maxAnswer?: number
}

/** How requests leave this machine. */
export interface OutboundOptions {
  /** Whether it may go to loopback and private addresses. */
  localAllowed: boolean
  /** An HTTP proxy that it goes through, `http://user:password@host:port`; the addresses are checked here all the same. */
  proxy?: string | undefined
  /** The look-up of public addresses, and what TLS trusts; for tests. */
  resolve?: typeof resolvePublic
  tls?: SecureContextOptions
}

export interface OutboundAnswer {
  status: number
  /** The headers, as they came. */
  retryAfter: string | undefined
  cacheControl?: string | undefined
  /** Where it was asked for. */
  body?: string
}

/**
 * Sends one request over a connection of its own, and follows no redirect. Without `maxAnswer` it reads no body: what is answered
 * after the head is of no interest, however long it is.
 * @throws an error for a body that is longer than `maxAnswer`, the error that prevented a response; the signal's reason once it is aborted
 */
export async function send(request: OutboundRequest, options: OutboundOptions): Promise<OutboundAnswer> {
  const url = new URL(request.url)
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const resolve = options.resolve ?? resolvePublic
  const addresses = options.localAllowed ? undefined : await resolve(hostname, request.signal)
  const connection = options.proxy
    ? await throughProxy(options.proxy, { url, address: addresses?.[0]?.address ?? hostname, signal: request.signal })
    : undefined
  const isTls = url.protocol === 'https:'
  const { request: start } = isTls ? nodeHttps() : nodeHttp
  return answerOf(
    start(url, {
      method: request.method,
      signal: request.signal,
      headers: {
        Host: url.host,
        'User-Agent': 'Tenantry',
        ...request.headers,
        'Content-Length': Buffer.byteLength(request.body),
      },
      ...options.tls,
      // With an agent, the connection that is given would not be used.
      ...(connection
        ? {
            createConnection: () =>
              isTls ? nodeTls().connect({ socket: connection, servername: hostname, ...options.tls }) : connection,
          }
        : { agent: false }),
      ...(addresses && { lookup: answering(addresses) }),
    } as RequestOptions),
    request,
  )
}

function answerOf(sent: ClientRequest, { body, signal, maxAnswer }: OutboundRequest): Promise<OutboundAnswer> {
  return new Promise((resolve, reject) => {
    // The reason says more than that it was aborted.
    sent.on('error', error => reject(signal.aborted ? signal.reason : error))
    sent.on('response', response => {
      const { 'retry-after': retryAfter, 'cache-control': cacheControl } = response.headers
      const head = { status: response.statusCode ?? 0, retryAfter, cacheControl }
      if (maxAnswer === undefined) {
        resolve(head)
        response.destroy()
        return
      }
      readBody(response, maxAnswer).then(
        text => resolve({ ...head, body: text }),
        error => reject(signal.aborted ? signal.reason : error),
      )
    })
    sent.end(body)
  })
}

async function readBody(response: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > most) {
      response.destroy()
      throw new Error(`the answer is longer than ${most} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** A look-up that knows its answer. */
function answering(addresses: LookupAddress[]): LookupFunction {
  return (_host, options, done) => {
    if (options.all) done(null, addresses)
    else done(null, addresses[0]!.address, addresses[0]!.family)
  }
}

/** A tunnel to an address (RFC 9110 section 9.3.6). @throws when the proxy refuses or cannot be reached */
function throughProxy(
  proxy: string,
  { url, address, signal }: { url: URL; address: string; signal: AbortSignal },
): Promise<Socket> {
  const { protocol, hostname, port, username, password } = new URL(proxy)
  const target = `${address.includes(':') ? `[${address}]` : address}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return new Promise((resolve, reject) => {
    const connect = (protocol === 'https:' ? nodeHttps() : nodeHttp).request({
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      method: 'CONNECT',
      path: target,
      agent: false,
      signal,
      headers: {
        Host: target,
        ...(username && { 'Proxy-Authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
      },
    })
    connect.on('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) return resolve(socket)
      socket.destroy()
      reject(new Error(`the proxy answered ${statusCode}`))
    })
    connect.on('error', error => reject(signal.aborted ? signal.reason : new Error(`the proxy: ${error.message}`)))
    connect.end()
  })
}
