/** What a request to the provider can meet. */
export type Fault =
  /** An answer with this status, and the provider does not hear of the request. */
  | { kind: 'status'; status: number; headers?: Record<string, string> }
  /** 429 with this many seconds in `Retry-After`. */
  | { kind: 'rate_limited'; retryAfter: number }
  /** The network is down: the provider does not hear of the request. */
  | { kind: 'no_connection' }
  /** The provider hears and acts, its answer gets lost. */
  | { kind: 'lost_answer' }
  /** The response is delayed by this many milliseconds of real time. */
  | { kind: 'slow'; milliseconds: number }
  /** The request comes after the code's end. */
  | { kind: 'expired_code' }
  /** The answer comes, with another body. */
  | { kind: 'forged'; forge: (body: Record<string, unknown>) => unknown }

export type Endpoint = 'authorize' | 'token' | 'revoke' | 'users_me' | 'api'

export interface Faults {
  /** The next `times` requests to an endpoint meet it; once unless said. */
  next(endpoint: Endpoint, fault: Fault, times?: number): void
  clear(): void
}

/** How long after its issue a code is certainly over, in milliseconds. */
const AFTER_THE_CODE = 600_000

type Send = () => Promise<Response>

export class FaultQueue implements Faults {
  readonly #queues = new Map<Endpoint, Fault[]>()
  readonly #atTime: <T>(ahead: number, work: () => Promise<T>) => Promise<T>

  constructor(atTime: <T>(ahead: number, work: () => Promise<T>) => Promise<T>) {
    this.#atTime = atTime
  }

  next(endpoint: Endpoint, fault: Fault, times = 1): void {
    const queue = this.#queues.get(endpoint) ?? []
    this.#queues.set(endpoint, [...queue, ...Array.from({ length: times }, () => fault)])
  }

  clear(): void {
    this.#queues.clear()
  }

  /** Sends a request, unless a fault is in its way. */
  async send(url: URL, send: Send): Promise<Response> {
    const fault = this.#queues.get(endpointOf(url))?.shift()
    return fault ? this.#meet(fault, send) : send()
  }

  async #meet(fault: Fault, send: Send): Promise<Response> {
    switch (fault.kind) {
      case 'status':
        return new Response(JSON.stringify({ error: 'fault' }), {
          status: fault.status,
          headers: { 'Content-Type': 'application/json', ...fault.headers },
        })
      case 'rate_limited':
        return new Response(null, { status: 429, headers: { 'Retry-After': String(fault.retryAfter) } })
      case 'no_connection':
        throw new TypeError('fetch failed: a fault of the test')
      case 'lost_answer':
        await send()
        throw new TypeError('fetch failed: the answer was lost by a fault of the test')
      case 'slow':
        await new Promise(resolve => setTimeout(resolve, fault.milliseconds))
        return send()
      case 'expired_code':
        return this.#atTime(AFTER_THE_CODE, send)
      case 'forged': {
        const response = await send()
        const body = JSON.stringify(fault.forge((await response.json()) as Record<string, unknown>))
        return new Response(body, { status: response.status, headers: { 'Content-Type': 'application/json' } })
      }
    }
  }
}

function endpointOf({ pathname }: URL): Endpoint {
  if (/^\/oauth\/token\/?$/.test(pathname)) return 'token'
  if (/^\/oauth\/revoke\/?$/.test(pathname)) return 'revoke'
  if (/^\/oauth\/authorize\/?$/.test(pathname)) return 'authorize'
  return /\/users\/me$/.test(pathname) ? 'users_me' : 'api'
}
