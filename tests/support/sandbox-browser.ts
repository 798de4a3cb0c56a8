import { answerOf, Person, type ShownPage } from './person.ts'
import { BOND_EMAIL } from './provider.ts'
import type { RunningSandbox } from './sandbox-process.ts'

/** A browser of James Bond that walks the pages of a sandbox. */
export class SandboxBrowser {
  readonly #sandbox: RunningSandbox
  readonly person: Person

  constructor(sandbox: RunningSandbox) {
    this.#sandbox = sandbox
    this.person = new Person((path, init) => fetch(new URL(path, sandbox.facts.origin), init))
  }

  /** Walks from an authorization URL, or from what leads to one, to the app's answer. */
  async allow(url: string, company: number): Promise<URL> {
    const { origin, password } = this.#sandbox.facts
    let page = await this.person.open(url.replace(origin, ''))
    if (has(page, 'password')) page = await this.person.signIn(BOND_EMAIL, password, page)
    if (has(page, 'company_id')) page = await this.person.submitAndFollow(page, { company_id: String(company) })
    return answerOf(await this.person.submit(page, { decision: 'allow' }))
  }
}

function has(page: ShownPage, field: string): boolean {
  return page.document.querySelector(`main input[name=${field}]`) !== null
}
