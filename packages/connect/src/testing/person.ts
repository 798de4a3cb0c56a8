import type { Fetch } from '../provider/oauth-client.ts'

/** Which company to choose and what to decide on the provider's pages. */
export interface Choice {
  /** Whom to sign in as. */
  email: string
  company?: number
  decision?: 'allow' | 'deny'
  /** For whom the app is installed, where an administrator can choose; `me` unless said. */
  installFor?: 'me' | 'company'
}

/** A person with a browser of their own, as far as cookies, forms and redirects go. */
export class Person {
  readonly #fetch: Fetch
  readonly #password: string
  /** Cookies by origin. */
  readonly #cookies = new Map<string, Map<string, string>>()

  constructor(fetch: Fetch, password: string) {
    this.#fetch = fetch
    this.#password = password
  }

  /** One request with this browser's cookies; a redirect is not followed. */
  async request(address: string | URL, init: RequestInit = {}): Promise<Response> {
    const { origin } = new URL(address)
    const jar = this.#cookies.get(origin) ?? new Map<string, string>()
    this.#cookies.set(origin, jar)
    const headers = new Headers(init.headers)
    if (jar.size > 0) headers.set('Cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await this.#fetch(new URL(address), { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) keepCookie(jar, line)
    return response
  }

  /**
   * Goes from an address (an app's start path, or the authorization endpoint) through sign-in, the choice of a company and
   * the consent page, and gives back where the provider sends the person in the end: the app's callback.
   * @param stopAt the callback, so that it is not requested yet
   * @param init of the first request: a form that is posted, say
   */
  async walk(start: string | URL, stopAt: string | URL, choice: Choice, init?: RequestInit): Promise<URL> {
    const end = new URL(stopAt)
    const isEnd = (url: URL) => url.origin === end.origin && url.pathname === end.pathname
    let [url, response] = [new URL(start), await this.request(start, init)]
    for (let step = 0; step < 20; step++) {
      const location = response.headers.get('Location')
      if (location) {
        url = new URL(location, url)
        if (isEnd(url)) return url
        response = await this.request(url)
        continue
      }
      const page = await response.text()
      const form = readForm(page)
      if (response.status !== 200 || !form)
        throw new Error(`The provider shows ${response.status} at ${url}: ${textOf(page)}`)
      url = new URL(form.action, url)
      response = await this.request(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: fill(form, choice, this.#password).toString(),
      })
    }
    throw new Error(`The provider's pages do not end: ${url}`)
  }
}

function keepCookie(jar: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';')
  const at = pair.indexOf('=')
  if (attributes.some(attribute => /^\s*max-age=0$/i.test(attribute))) jar.delete(pair.slice(0, at))
  else jar.set(pair.slice(0, at), pair.slice(at + 1))
}

interface Form {
  action: string
  fields: URLSearchParams
  names: Set<string>
}

/** The main form of one of the provider's own pages, which are plain HTML. */
function readForm(page: string): Form | undefined {
  const main = /<main[\s\S]*<\/main>/.exec(page)?.[0] ?? ''
  const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/.exec(main)
  if (!form) return undefined
  const [fields, names] = [new URLSearchParams(), new Set<string>()]
  for (const [, element, attributes = ''] of form[2]!.matchAll(/<(input|button)\b([^>]*)>/g)) {
    const name = attribute(attributes, 'name')
    if (!name) continue
    names.add(name)
    const isLeftOut =
      element === 'button' || (attribute(attributes, 'type') === 'radio' && !/\bchecked\b/.test(attributes))
    if (!isLeftOut) fields.set(name, attribute(attributes, 'value') ?? '')
  }
  return { action: attribute(form[1]!, 'action') ?? '', fields, names }
}

function fill(
  { fields, names }: Form,
  { email, company, decision = 'allow', installFor }: Choice,
  password: string,
): URLSearchParams {
  if (names.has('password')) {
    fields.set('email', email)
    fields.set('password', password)
  }
  if (names.has('company_id') && company !== undefined) fields.set('company_id', String(company))
  if (names.has('decision')) fields.set('decision', decision)
  if (names.has('install_for') && installFor) fields.set('install_for', installFor)
  return fields
}

function attribute(attributes: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1]
  return value?.replace(/&(amp|quot|#39|lt|gt);/g, entity => ENTITIES[entity] ?? entity)
}

const ENTITIES: Record<string, string> = { '&amp;': '&', '&quot;': '"', '&#39;': "'", '&lt;': '<', '&gt;': '>' }

function textOf(page: string): string {
  return page
    .replace(/<(style|head)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .slice(0, 300)
}
