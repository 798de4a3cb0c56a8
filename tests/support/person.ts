import { type HTMLElement, parse } from 'node-html-parser'
import type { Client, Fetch } from './client.ts'
import { BOND_EMAIL, PASSWORD } from './provider.ts'

export interface ShownPage {
  status: number
  headers: Headers
  html: string
  document: HTMLElement
  /** What a reader sees. */
  text: string
}

export interface SignInChoice {
  email?: string
  password?: string
  company?: number
  decision?: 'allow' | 'deny'
}

/** A person with a browser of their own, as far as forms, cookies and redirects go. */
export class Person {
  readonly #fetch: Fetch
  readonly cookies = new Map<string, string>()

  constructor(fetch: Fetch) {
    this.#fetch = fetch
  }

  /** One request, redirects not followed, cookies kept. */
  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = new Headers(init.headers)
    if (cookie) headers.set('Cookie', cookie)
    const response = await this.#fetch(path, { redirect: 'manual', ...init, headers })
    for (const line of response.headers.getSetCookie()) this.#keep(line)
    return response
  }

  #keep(line: string) {
    const [pair = '', ...attributes] = line.split(';')
    const at = pair.indexOf('=')
    const ends = attributes.some(attribute => /^\s*max-age=0$/i.test(attribute))
    if (ends) this.cookies.delete(pair.slice(0, at))
    else this.cookies.set(pair.slice(0, at), pair.slice(at + 1))
  }

  /** Opens an address and follows redirects on this server. */
  async open(path: string, init: RequestInit = {}): Promise<ShownPage> {
    return this.#follow(await this.request(path, init))
  }

  async #follow(response: Response): Promise<ShownPage> {
    const location = response.headers.get('Location')
    if (location?.startsWith('/')) return this.open(location)
    const html = await response.text()
    const document = parse(html)
    const { status, headers } = response
    return { status, headers, html, document, text: document.querySelector('body')?.structuredText ?? '' }
  }

  /** Fills in a page's form and sends it; the answer as it came. */
  submit(page: ShownPage, fields: Record<string, string>, selector = 'main form'): Promise<Response> {
    const form = page.document.querySelector(selector)
    if (!form) throw new Error(`no form on this page: ${page.status} ${page.text}`)
    const body = new URLSearchParams()
    for (const input of form.querySelectorAll('input')) {
      const { name, type, value = '' } = input.attributes
      if (!name || (type === 'radio' && input.attributes.checked === undefined)) continue
      body.set(name, value)
    }
    for (const [name, value] of Object.entries(fields)) body.set(name, value)
    return this.request(form.getAttribute('action') ?? '', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: body.toString(),
    })
  }

  async submitAndFollow(page: ShownPage, fields: Record<string, string>, selector?: string): Promise<ShownPage> {
    return this.#follow(await this.submit(page, fields, selector))
  }

  async signIn(email = BOND_EMAIL, password = PASSWORD, page?: ShownPage): Promise<ShownPage> {
    return this.submitAndFollow(page ?? (await this.open('/sign-in')), { email, password })
  }

  /** Goes as far as the consent page. */
  async reachConsent(client: Client, choice: SignInChoice = {}, parameters = {}): Promise<ShownPage> {
    let page = await this.open(client.authorizePath(parameters))
    if (has(page, 'password')) page = await this.signIn(choice.email, choice.password, page)
    if (has(page, 'company_id')) {
      page = await this.submitAndFollow(page, choice.company ? { company_id: String(choice.company) } : {})
    }
    return page
  }

  /** Signs in, chooses and decides; gives back where the app is answered. */
  async authorize(client: Client, choice: SignInChoice = {}, parameters = {}): Promise<URL> {
    const page = await this.reachConsent(client, choice, parameters)
    return answerOf(await this.submit(page, { decision: choice.decision ?? 'allow' }))
  }

  /** The same, and takes the code. */
  async code(client: Client, choice: SignInChoice = {}, parameters = {}): Promise<string> {
    const answer = await this.authorize(client, choice, parameters)
    const code = answer.searchParams.get('code')
    if (!code) throw new Error(`no code: ${answer}`)
    return code
  }
}

/** Where a redirect to the app leads. */
export function answerOf(response: Response): URL {
  const location = response.headers.get('Location')
  if (!location) throw new Error(`no redirect, but ${response.status}`)
  return new URL(location)
}

function has(page: ShownPage, field: string): boolean {
  return page.document.querySelector(`main input[name=${field}]`) !== null
}
