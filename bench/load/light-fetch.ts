import { Agent, request } from 'node:http'
import type { Fetch } from '../../packages/connect/src/provider/oauth-client.ts'

/**
 * `fetch` at a fraction of its cost, so that a load on one core does not end before the server's core does: to this machine, with
 * texts only, and what an answer has of `Response` is `status`, `headers`, `text` and `json`.
 */
export function lightFetch(port: number, connections: number): Fetch {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return (input, { method = 'GET', headers, body } = {}) => {
    const { pathname, search } = new URL(String(input))
    const text = body === undefined || body === null ? undefined : String(body)
    const fields: Record<string, string> = Object.fromEntries(new Headers(headers))
    if (text !== undefined) {
      fields['content-type'] ??= 'application/x-www-form-urlencoded'
      fields['content-length'] = String(Buffer.byteLength(text))
    }
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: pathname + search, method, agent, headers: fields }
      const sent = request(options, answer => {
        const chunks: Buffer[] = []
        answer.on('data', chunk => chunks.push(chunk)).on('error', reject)
        answer.on('end', () => {
          const received = Buffer.concat(chunks).toString()
          const { 'set-cookie': cookies = [], ...named } = answer.headers
          resolve({
            status: answer.statusCode,
            headers: { get: (name: string) => named[name.toLowerCase()] ?? null, getSetCookie: () => cookies },
            text: async () => received,
            json: async () => JSON.parse(received),
          } as unknown as Response)
        })
      })
      sent.on('error', reject)
      sent.end(text)
    })
  }
}
