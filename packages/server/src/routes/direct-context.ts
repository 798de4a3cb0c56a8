import { randomUUID } from 'node:crypto'
import type { Runtime } from '../config/runtime.ts'
import type { PageContext } from '../http/environment.ts'
import { type DirectRequest, type HotResponse, ResponseBody } from '../http/hot-route.ts'

type Variables = { -readonly [Name in keyof PageContext['var']]: PageContext['var'][Name] }

/** What endpoints and pages use of a request that was read from the bytes of a connection, and what they answer. */
export class DirectContext implements PageContext {
  readonly req: PageContext['req']
  readonly var: Variables
  readonly env: PageContext['env']
  #headers: HotResponse['headers']
  #isOwn = false

  /**
   * @param path as the routes know it
   * @param headers shared by all answers: copied before the first change
   */
  constructor(runtime: Runtime, request: DirectRequest, path: string, headers: HotResponse['headers']) {
    const { method, query, body, fields, socket } = request
    this.req = {
      method,
      url: query === '' ? path : `${path}?${query}`,
      path,
      header: name => fields.get(name.toLowerCase()),
      text: async () => body,
      get raw() {
        return { headers: new Headers([...fields]) }
      },
    }
    this.var = { runtime, requestId: randomUUID(), route: undefined, signedIn: undefined, signInAnswer: undefined }
    this.env = { incoming: { socket } }
    this.#headers = headers
  }

  set<Name extends keyof Variables>(name: Name, value: Variables[Name]) {
    this.var[name] = value
  }

  header(name: string, value: string, { append = false } = {}) {
    const before = append ? (this.#headers[name] ?? []) : []
    this.addHeaders({ [name]: before.length === 0 ? value : [before, value].flat() })
  }

  addHeaders(headers: HotResponse['headers']) {
    if (!this.#isOwn) this.#headers = { ...this.#headers }
    this.#isOwn = true
    Object.assign(this.#headers, headers)
  }

  redirect(location: string, status: number): Response {
    this.header('Location', location.replace(/[^\x21-\x7e]+/gu, encodeURIComponent))
    return answered(new DirectAnswer(status, ''))
  }

  async html(document: Parameters<PageContext['html']>[0], status: number): Promise<Response> {
    this.header('Content-Type', 'text/html; charset=UTF-8')
    return answered(new DirectAnswer(status, String(await document)))
  }

  /** What is sent of what a page gave: mostly its answer, or a response of the platform that the provider is mounted in. */
  async response(given: Response): Promise<HotResponse> {
    if (given instanceof DirectAnswer) return this.respond(given.status, given.text)
    this.#take(given)
    return this.respond(given.status, await given.text())
  }

  respond(status: number, text: string): HotResponse {
    return { status, headers: this.#headers, requestId: this.var.requestId, body: new ResponseBody(text) }
  }

  /** The headers of a response that the platform gave, and no others: it says what its page may do. */
  #take({ headers }: Response) {
    this.#headers = {}
    for (const [name, value] of headers) if (name !== 'set-cookie') this.header(name, value)
    for (const cookie of headers.getSetCookie()) this.header('Set-Cookie', cookie, { append: true })
  }
}

/** Stands for a response until it is sent. */
class DirectAnswer {
  readonly status: number
  readonly text: string

  constructor(status: number, text: string) {
    this.status = status
    this.text = text
  }
}

/** Pages hand on what their context gave them, and do not look into it. */
function answered(answer: DirectAnswer): Response {
  return answer as unknown as Response
}
