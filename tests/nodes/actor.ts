import type { Client, TokenAnswer } from '../support/client.ts'
import { Person } from '../support/person.ts'
import type { Nodes } from './nodes.ts'

/** What happened, and everything that must never happen. */
export interface Report {
  reads: number
  refreshes: number
  installs: number
  revocations: number
  /** Requests whose connection broke or that were answered 503: the caller does not know, and tries again. */
  interrupted: number
  violations: string[]
}

/** The answer is not known: the connection broke, or the database was away. */
class Interrupted extends Error {}

/**
 * A member of a company who has signed in once, and installs, uses and removes an app over and over, through whichever
 * node answers. Remembers what was answered, and holds every later answer against it.
 */
export class Actor {
  readonly person: Person
  readonly #client: Client
  readonly #company: number
  readonly #report: Report
  tokens: TokenAnswer | undefined
  /** Those whose end was answered. */
  readonly revoked: TokenAnswer[] = []
  uninstalls = 0

  constructor(nodes: Nodes, client: Client, company: number, report: Report) {
    this.#client = client
    this.#company = company
    this.#report = report
    this.person = new Person(nodes.fetch)
  }

  async signIn(email: string, password: string) {
    await this.person.signIn(email, password)
    if (!(await this.isSignedIn())) throw new Error(`${email} could not sign in`)
  }

  async isSignedIn(): Promise<boolean> {
    return (await this.person.request('/connected-apps')).status === 200
  }

  /** A burst of reads, then a write. */
  async step(reads: number) {
    const before = this.tokens
    const readers = before ? Array.from({ length: reads }, () => this.#read(before)) : []
    const write = this.#write()
    await Promise.all([...readers, write])
  }

  async #write() {
    if (!this.tokens) return this.#install()
    if (Math.random() < 0.25) return this.#revoke()
    return this.#refresh()
  }

  async #read(tokens: TokenAnswer) {
    const wasRevoked = this.revoked.includes(tokens)
    const wasCurrent = this.tokens === tokens
    const status = await this.#status(() => this.#client.me(tokens.access_token))
    if (status === undefined) return
    this.#report.reads += 1
    if (status === 200 && wasRevoked) this.#violate('a revoked token was accepted')
    // Unless it was revoked, or its end was asked for, while this was under way.
    if (status === 401 && wasCurrent && this.tokens === tokens) this.#violate('a live token was refused')
    if (status !== 200 && status !== 401) this.#violate(`/users/me answered ${status}`)
  }

  async #install() {
    try {
      const page = await this.person.reachConsent(this.#client, { company: this.#company })
      if (page.status === 503) throw new Interrupted()
      const answer = await this.#certain(() => this.person.submit(page, { decision: 'allow' }))
      const location = answer.headers.get('Location')
      const code = location && new URL(location, 'http://localhost').searchParams.get('code')
      if (!code) return this.#violate(`no code but ${answer.status} ${location}`)
      const exchanged = await this.#certain(() => this.#client.exchange(code))
      if (exchanged.status !== 200) return this.#violate(`a code was refused: ${await exchanged.text()}`)
      this.tokens = (await exchanged.json()) as TokenAnswer
      this.#report.installs += 1
    } catch (error) {
      // Begins again at the next step.
      if (!isInterruption(error)) throw error
      this.#report.interrupted += 1
    }
  }

  /** Tried until it is answered: a retry is safe. */
  async #refresh() {
    const { refresh_token } = this.tokens!
    for (;;) {
      const answer = await this.#try(() => this.#client.refresh(refresh_token))
      if (!answer) continue
      if (answer.status !== 200) return this.#violate(`a live refresh token was refused: ${await answer.text()}`)
      this.tokens = (await answer.json()) as TokenAnswer
      this.#report.refreshes += 1
      return
    }
  }

  /** Tried until it is answered; from then on the tokens are refused. */
  async #revoke() {
    const ending = this.tokens!
    this.tokens = undefined
    for (;;) {
      const answer = await this.#try(() => this.#client.revoke(ending.refresh_token))
      if (!answer) continue
      if (answer.status !== 200) return this.#violate(`a revocation was answered ${answer.status}`)
      break
    }
    this.revoked.push(ending)
    this.uninstalls += 1
    this.#report.revocations += 1
    await Promise.all(Array.from({ length: 3 }, () => this.#read(ending)))
  }

  /** What was answered is so, now that all is quiet. */
  async check() {
    if (this.tokens) {
      const status = await this.#status(() => this.#client.me(this.tokens!.access_token))
      if (status !== 200) this.#violate(`an acknowledged token is lost: ${status}`)
    }
    for (const { access_token, refresh_token } of this.revoked.slice(-5)) {
      const me = await this.#client.me(access_token)
      const refreshed = await this.#client.refresh(refresh_token)
      if (me.status !== 401 || refreshed.status !== 400) this.#violate('a revocation that was answered is lost')
    }
    if (!(await this.isSignedIn())) this.#violate('a user was signed out')
  }

  async #status(call: () => Promise<Response>): Promise<number | undefined> {
    const answer = await this.#try(call)
    await answer?.arrayBuffer()
    return answer?.status
  }

  /** Undefined where it is not known what became of it. */
  async #try(call: () => Promise<Response>): Promise<Response | undefined> {
    try {
      return await this.#certain(call)
    } catch (error) {
      if (!isInterruption(error)) throw error
      this.#report.interrupted += 1
      return undefined
    }
  }

  async #certain(call: () => Promise<Response>): Promise<Response> {
    const answer = await call()
    if (answer.status !== 503) return answer
    if (answer.headers.get('Retry-After') === null) this.#violate('503 without Retry-After')
    throw new Interrupted()
  }

  #violate(what: string) {
    this.#report.violations.push(what)
  }
}

function isInterruption(error: unknown): boolean {
  if (error instanceof Interrupted) return true
  return error instanceof TypeError && /fetch failed|terminated/.test(error.message)
}
