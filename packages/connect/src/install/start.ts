import { ConnectError } from '../errors.ts'
import { readText } from '../http/read-text.ts'
import { type Id, isId } from '../ids.ts'
import type { Kit } from '../options.ts'
import { beginFlow, codeVerifierOf, keepFlow } from './flow.ts'
import { checkReturnTo } from './return-to.ts'

const MAX_FORM = 16_384

/**
 * `GET` begins an install or a sign-in. `POST`, from a form on the app's own pages, begins adding a company to the account
 * that is signed in: that is its owner's explicit act. Both take `returnTo` and `company`.
 * @throws {ConnectError} `return_to_invalid`, `link_needs_consent`
 */
export async function startInstall(kit: Kit, request: Request): Promise<Response> {
  const parameters = request.method === 'POST' ? await formOf(request) : new URL(request.url).searchParams
  const account = request.method === 'POST' ? await requireOwner(kit, request) : null
  const { url: location, cookies } = await begin(kit, request, {
    returnTo: parameters.get('returnTo'),
    account,
    company: companyHint(kit, parameters.get('company')),
  })
  const headers = new Headers({
    Location: location.href,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
  })
  for (const cookie of cookies) headers.append('Set-Cookie', cookie)
  return new Response(null, { status: 303, headers })
}

/** An install that the app's own code begins: for pages that fetch, popups and server actions. */
export interface AuthorizeOptions<I extends Id = number> {
  /** Where to go afterwards, a path on this app. */
  returnTo?: string
  /** The signed-in account whose owner has just asked for another company; without it, an install or a sign-in. */
  account?: string
  /** The company to preselect. */
  company?: I
  /** Further authorization parameters. */
  params?: Readonly<Record<string, string>>
}

export interface Authorization {
  /** Where the browser goes. */
  url: URL
  /** `Set-Cookie` lines that the answer to this very browser must carry: they tie the install to it. */
  cookies: string[]
}

/** @throws {ConnectError} `return_to_invalid` */
export async function authorize(kit: Kit, options: AuthorizeOptions<Id>): Promise<Authorization> {
  const { returnTo = null, account = null, company, params = {} } = options
  const { url, cookies } = await begin(kit, undefined, { returnTo, account, company })
  for (const [name, value] of Object.entries(params)) if (!url.searchParams.has(name)) url.searchParams.set(name, value)
  return { url, cookies }
}

/** Begins a flow in a browser. */
export async function begin(
  kit: Kit,
  request: Request | undefined,
  asked: { returnTo: string | null; account: string | null; company: Id | undefined },
): Promise<Authorization> {
  const flow = beginFlow(kit, checkReturnTo(asked.returnTo), asked.account)
  const url = await kit.oauth.authorizationUrl({
    state: flow.state,
    codeVerifier: await codeVerifierOf(kit, flow),
    company: asked.company,
  })
  return { url, cookies: await keepFlow(kit, request, flow) }
}

/** The signed-in account, if the form was on a page of this app and not of another site. */
async function requireOwner(kit: Kit, request: Request): Promise<string> {
  const origin = request.headers.get('Origin')
  const site = request.headers.get('Sec-Fetch-Site')
  const isOwnPage = site === 'same-origin' || (site === null && origin === kit.redirectUri.origin)
  const account = isOwnPage ? await kit.hooks.currentAccount?.(request) : null
  if (account === null || account === undefined) {
    throw new ConnectError(
      'link_needs_consent',
      isOwnPage
        ? 'Sign in first: a company is added to the account that is signed in.'
        : 'A company is added to an account by a form on this app’s own pages only.',
    )
  }
  return account
}

async function formOf(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get('Content-Type') ?? ''
  if (!type.startsWith('application/x-www-form-urlencoded')) return new URLSearchParams()
  return new URLSearchParams((await readText(request, MAX_FORM)) ?? '')
}

function companyHint({ ids }: Kit, company: string | null): Id | undefined {
  const id = ids === 'text' ? company : Number(company ?? '')
  return isId(ids, id) ? id : undefined
}
