import { timingSafeEqual } from 'node:crypto'
import { authenticate } from '../config/keys.ts'
import type { PageContext } from '../http/environment.ts'
import { isTooFarAhead } from '../store/clock-skew.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { InstallFor } from './leave.ts'

const LIFETIME = 60 * 60 * 1000

/**
 * Binds a consent page to what it shows: the session, the request, the app, the scopes and the company. A page
 * whose ticket no longer fits was not about what would be granted now.
 */
export function issueTicket(
  c: PageContext,
  request: AuthorizationRequest,
  companyId: number,
  choices: readonly InstallFor[] = ['me'],
): string {
  const issuedAt = c.var.runtime.clock()
  const offered = choices.join('-')
  return [companyId, issuedAt, seals(c, request, { companyId, issuedAt, offered })[0], offered].join('.')
}

/** The address of the consent page for what a ticket says. */
export function consentPath({ query }: AuthorizationRequest, ticket: string): string {
  return `/oauth/authorize/consent?${query}&consent_ticket=${ticket}`
}

/** The app's own query and the ticket that {@link consentPath} put after it. */
export function splitConsentQuery(query: string): { query: string; ticket: string } {
  const at = query.lastIndexOf('&consent_ticket=')
  return at < 0
    ? { query, ticket: '' }
    : { query: query.slice(0, at), ticket: query.slice(at + '&consent_ticket='.length) }
}

export interface Ticket {
  companyId: number
  /** Whether it still fits what is asked now. */
  fits: boolean
  /** For whom the page offered to install the app. */
  offered: string[]
}

/** What a ticket says, or undefined where it is none. */
export function readTicket(c: PageContext, request: AuthorizationRequest, ticket: string): Ticket | undefined {
  const [companyText, issuedText, given, offered = ''] = ticket.split('.')
  const [companyId, issuedAt] = [Number(companyText), Number(issuedText)]
  if (!given || !Number.isSafeInteger(companyId) || !Number.isSafeInteger(issuedAt)) return undefined
  const actual = Buffer.from(given)
  const genuine = seals(c, request, { companyId, issuedAt, offered }).some(seal => {
    const expected = Buffer.from(seal)
    return actual.length === expected.length && timingSafeEqual(actual, expected)
  })
  const now = c.var.runtime.clock()
  const fits = genuine && now < issuedAt + LIFETIME && !isTooFarAhead(issuedAt, now)
  return { companyId, fits, offered: offered.split('-') }
}

/** The company that a ticket names, before anything is verified; 0 where it names none. */
export function companyOfTicket(ticket: string): number {
  const companyId = Number(ticket.split('.')[0])
  return Number.isSafeInteger(companyId) ? companyId : 0
}

interface Shown {
  companyId: number
  issuedAt: number
  offered: string
}

/** Under each key, the current one first. */
function seals(c: PageContext, request: AuthorizationRequest, page: Shown): string[] {
  const { sessionId } = c.var.signedIn!
  const { app, query, scopes } = request
  const shown = JSON.stringify([
    query,
    app.clientId,
    app.name,
    app.maker,
    scopes,
    page.companyId,
    page.issuedAt,
    page.offered,
  ])
  return c.var.runtime.keys.forms.map(key => authenticate(key, 'consent', sessionId, shown).toString('base64url'))
}
