import { pino } from 'pino'
import type { TenantryOptions } from 'tenantry'
import { expect } from 'vitest'
import { type Listener, listen } from '../../packages/server/src/node-server/listen.ts'
import type { Client } from './client.ts'
import { Line } from './line.ts'
import { startProvider, type TestProvider } from './provider.ts'

export interface Sent {
  method?: 'GET' | 'POST'
  path: string
  body?: string
  headers?: Record<string, string>
}

/** All that a client sees of an answer, but for what differs from request to request. */
export interface Seen {
  status: number
  headers: Record<string, string>
  body: string
}

const VOLATILE = ['x-request-id', 'date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']

/** A provider that answers over a connection, and by its routes. */
export class BothWays {
  readonly provider: TestProvider
  readonly client: Client
  readonly listener: Listener
  readonly line: Line
  readonly logged: Record<string, unknown>[]
  /** How many requests were answered without the framework. */
  direct = 0

  private constructor(provider: TestProvider, client: Client, listener: Listener, logged: Record<string, unknown>[]) {
    this.provider = provider
    this.client = client
    this.listener = listener
    this.logged = logged
    const { tenantry } = provider
    const directRoutes = tenantry.directRoutes.map(({ respond, ...route }) => ({
      ...route,
      respond: (request: Parameters<typeof respond>[0]) => {
        this.direct += 1
        return respond(request)
      },
    }))
    listener.serve({ fetch: tenantry.fetch, hotRoutes: tenantry.hotRoutes, directRoutes })
    this.line = new Line(listener.port)
  }

  static async start(options: Partial<TenantryOptions> = {}): Promise<BothWays> {
    const logged: Record<string, unknown>[] = []
    const logger = pino({ level: 'info' }, { write: text => void logged.push(JSON.parse(text)) })
    const provider = await startProvider({ logger, trustedProxies: 1, ...options })
    return new BothWays(provider, await provider.registerApp(), await listen('127.0.0.1', 0), logged)
  }

  async close() {
    this.line.socket.destroy()
    await this.listener.close()
    await this.provider.close()
  }

  async overTheLine({ method = 'GET', path, body, headers = {} }: Sent): Promise<Seen> {
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`
    this.line.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\n${fields.join('')}${length}\r\n${body ?? ''}`)
    const answer = await this.line.answer()
    return seen(answer.status, Object.entries(answer.headers), answer.body)
  }

  async byRoute({ method = 'GET', path, body, headers = {} }: Sent): Promise<Seen> {
    const answer = await this.provider.fetch(path, { method, headers, ...(body !== undefined && { body }) })
    return seen(answer.status, answer.headers, await answer.text())
  }

  /** @returns the answer, which was the same both ways */
  async both(sent: Sent, takesFastPath = true): Promise<Seen> {
    const before = this.direct
    const answer = await this.overTheLine(sent)
    expect(this.direct - before, 'whether the fast path was taken').toBe(takesFastPath ? 1 : 0)
    expect(masked(answer)).toEqual(masked(await this.byRoute(sent)))
    return answer
  }
}

function seen(status: number, headers: Iterable<[string, string]>, body: string): Seen {
  const kept = [...headers].map(([name, value]) => [name.toLowerCase(), value] as const)
  return { status, headers: Object.fromEntries(kept.filter(([name]) => !VOLATILE.includes(name))), body }
}

/** Ids of requests, and what a browser without a session and a person who allows an app are given new each time. */
function masked({ status, headers, body }: Seen): Seen {
  const mask = (text: string) =>
    text
      .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
      .replace(/tny_ac_\w+/g, 'CODE')
      .replace(/(tenantry_form=)[\w-]+/g, '$1VALUE')
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, mask(value)]))
  const isNew = headers['set-cookie']?.includes('tenantry_form=')
  const page = isNew ? body.replace(/(name="form_token" value=")[\w-]+/g, '$1TOKEN') : body
  return { status, headers: named, body: mask(page) }
}
