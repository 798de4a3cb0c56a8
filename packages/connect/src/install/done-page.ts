import type { Id } from '../ids.ts'
import { fromBase64, toBase64Url, utf8 } from '../keys/bytes.ts'
import { toLink } from '../link.ts'
import { chooseLocale } from '../locale/locale.ts'
import type { Kit } from '../options.ts'
import { showPage } from '../pages/page.ts'
import type { LinkKey } from '../store/store.ts'
import { audienceOf, cookieAttributes, type Flow } from './flow.ts'

/** How long the page can be loaded again, in milliseconds. */
const LIFETIME = 600_000

/** What the browser keeps for the page. */
interface Done {
  audience: string
  companyId: Id
  userId: Id
  returnTo: string | null
  /** Milliseconds since 1970. */
  expiresAt: number
}

/** Leads from the callback, which works once, to a page that can be loaded again and shared by no link. */
export async function leadToDonePage(
  kit: Kit,
  { returnTo }: Flow,
  { companyId, userId }: Pick<LinkKey, 'companyId' | 'userId'>,
): Promise<Response> {
  const done: Done = { audience: audienceOf(kit), companyId, userId, returnTo, expiresAt: kit.clock() + LIFETIME }
  const payload = toBase64Url(utf8(JSON.stringify(done)))
  const value = `${payload}.${await kit.keyring.sign(signed(payload))}`
  return leadTo(kit.donePath, `${cookieName(kit)}=${value}; Max-Age=${LIFETIME / 1000}; ${cookieAttributes(kit)}`)
}

/** `GET` on the page's own address: who is connected where. Once its cookie has expired, it redirects to the app. */
export async function showDonePage(kit: Kit, request: Request): Promise<Response> {
  const done = await readCookie(kit, request)
  const continueTo = done?.returnTo ?? '/'
  const stored = done && (await kit.store.findLink({ ...done, provider: kit.provider.name }))
  if (stored?.status !== 'active') return leadTo(continueTo)
  const { identity, installedAt } = toLink(stored)
  const acceptLanguage = request.headers.get('Accept-Language')
  const locale = chooseLocale({ identity, languages: kit.languages, acceptLanguage })
  const page = { kind: 'connected' as const, identity, locale, installedAt, continueTo }
  return (await kit.hooks.renderPage?.(page)) ?? showPage(page, kit.stylesheetPath, kit.brand)
}

async function readCookie(kit: Kit, request: Request): Promise<Done | undefined> {
  const cookies = (request.headers.get('Cookie') ?? '').split(/; */).map(pair => pair.split(/=(.*)/s))
  const [, value = ''] = cookies.find(([name]) => name === cookieName(kit)) ?? []
  const [payload = '', signature = ''] = value.split('.')
  if (!(await kit.keyring.verify(signed(payload), signature))) return undefined
  const done = JSON.parse(new TextDecoder().decode(fromBase64(payload))) as Done
  return done.audience === audienceOf(kit) && done.expiresAt > kit.clock() ? done : undefined
}

/** No cookie of a flow is one of these. */
function signed(payload: string): string {
  return `done ${payload}`
}

function cookieName({ redirectUri }: Kit): string {
  return redirectUri.protocol === 'https:' ? '__Host-done-connect' : 'done-connect'
}

function leadTo(location: string, cookie?: string): Response {
  const headers = new Headers({ Location: location, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' })
  if (cookie !== undefined) headers.append('Set-Cookie', cookie)
  return new Response(null, { status: 303, headers })
}
