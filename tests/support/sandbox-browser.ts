import { answerOf, Person, type ShownPage } from './person.ts'
import { BOND_EMAIL } from './provider.ts'
import type { RunningSandbox } from './sandbox-process.ts'

/** A browser of James Bond that walks the pages of a sandbox. */
export class SandboxBrowser {
  readonly #sandbox: Pick<RunningSandbox, 'facts'>
  readonly person: Person

  constructor(sandbox: Pick<RunningSandbox, 'facts'>) {
    this.#sandbox = sandbox
    this.person = new Person((path, init) => fetch(new URL(path, sandbox.facts.origin), init))
  }

  /** Walks from an authorization URL, or from what leads to one, to the app's answer. */
  async allow(url: string, company: number): Promise<URL> {
    let page = await this.reachConsent(url)
    if (has(page, 'company_id')) page = await this.person.submitAndFollow(page, { company_id: String(company) })
    return answerOf(await this.person.submit(page, { decision: 'allow' }))
  }

  /** The same where there is no company to choose. */
  async allowTheOnly(url: string): Promise<URL> {
    return answerOf(await this.person.submit(await this.reachConsent(url), { decision: 'allow' }))
  }

  /** Allows a device whose code is in a link. */
  async allowDevice(link: string, company: number): Promise<ShownPage> {
    let page = await this.reachConsent(link)
    if (has(page, 'user_code')) page = await this.person.submitAndFollow(page, {})
    if (has(page, 'company_id')) page = await this.person.submitAndFollow(page, { company_id: String(company) })
    return this.person.submitAndFollow(page, { decision: 'allow' })
  }

  /** Signs in if that is asked; to the consent page, or to where a company is to be chosen. */
  async reachConsent(url: string): Promise<ShownPage> {
    const { origin, password } = this.#sandbox.facts
    const page = await this.person.open(url.replace(origin, ''))
    return has(page, 'password') ? this.person.signIn(BOND_EMAIL, password, page) : page
  }
}

function has(page: ShownPage, field: string): boolean {
  return page.document.querySelector(`main input[name=${field}]`) !== null
}
