import type { SignedIn } from '../http/environment.ts'
import { acrOf } from '../openid/id-token.ts'
import { authenticatedAt, describeSignIn } from '../openid/sign-in.ts'
import { AuthorizationError } from './authorization-answer.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

/** Whether the person must prove who they are before the request goes on, although they are signed in. */
export function needsNewSignIn(request: AuthorizationRequest, signedIn: SignedIn, now: number): boolean {
  const { prompt, openid, pushed, device } = request
  const begunAt = pushed?.begun_at ?? device?.begun_at
  // What was pushed cannot be taken out of the address: a sign-in since then meets it.
  const { authenticated_at, created_at } = signedIn.session
  if (begunAt && (authenticated_at ?? created_at) >= begunAt) return false
  if (asksToSignIn(prompt)) return true
  const isOther = openid?.hint !== undefined && openid.hint.userId !== signedIn.user.user_id
  return isOther || isTooLongAgo(openid?.maxAge, signedIn, now)
}

function asksToSignIn(prompt: readonly string[]): boolean {
  return prompt.includes('login') || prompt.includes('select_account')
}

/** Whether it matters when the person proved who they are, so that an older session elsewhere will not do. */
export function wantsRecentSignIn({ prompt, openid }: AuthorizationRequest): boolean {
  return asksToSignIn(prompt) || openid?.maxAge !== undefined
}

function isTooLongAgo(maxAge: number | undefined, { session }: SignedIn, now: number): boolean {
  if (maxAge === undefined) return false
  return maxAge === 0 || Math.floor(now / 1000) - authenticatedAt(session) > maxAge
}

/** What asked for a new sign-in and is met by one: the request goes on without it. */
const MET_BY_SIGN_IN = /^(max_age|id_token_hint)=/

/** The query of a request once the person has signed in for it, so that they are not asked again. */
export function afterSignIn({ query, prompt }: AuthorizationRequest): string {
  const left = prompt.filter(value => value !== 'login' && value !== 'select_account')
  return query
    .split('&')
    .filter(pair => !MET_BY_SIGN_IN.test(pair))
    .flatMap(pair => (/^prompt=/.test(pair) ? left.map(value => `prompt=${value}`).slice(0, 1) : [pair]))
    .join('&')
}

/**
 * Refuses a grant to a person, or at a company, that the request does not accept (parameter `claims`, OpenID Connect Core
 * section 5.5.1).
 * @throws {AuthorizationError} `login_required`, `unmet_authentication_requirements`
 */
export function requireWantedSignIn(request: AuthorizationRequest, signedIn: SignedIn, companyId: number) {
  const { subject, acrValues } = request.openid ?? {}
  if (subject && (subject.userId !== signedIn.user.user_id || subject.companyId !== companyId)) {
    throw new AuthorizationError(request, 'login_required', 'Another sub is signed in than the request names.')
  }
  if (acrValues && !acrValues.includes(acrOf(describeSignIn(signedIn).methods))) {
    throw new AuthorizationError(
      request,
      'unmet_authentication_requirements',
      'The user did not sign in as strongly as the request demands.',
    )
  }
}
