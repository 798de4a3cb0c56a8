import * as v from 'valibot'
import { ConnectError } from '../errors.ts'

import { parseObject } from './clean-token-answer.ts'
import { firstTag, type IdentityClaims } from './identity.ts'

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const detail = v.fallback(v.nullable(v.string()), null)

/** The claims of a Tenantry provider's userinfo (OpenID Connect Core section 5.3). */
const userinfo = v.object({
  sub: v.string(),
  company_id: id,
  user_id: id,
  name: v.fallback(v.string(), ''),
  email: detail,
  phone_number: detail,
  locale: detail,
  zoneinfo: detail,
  is_admin: v.fallback(v.boolean(), false),
  role_id: v.fallback(v.nullable(v.number()), null),
  company_name: detail,
  company_domain: detail,
})

/**
 * Reads who a token speaks for from userinfo. At an install the ID token must be about the same person at the same company: it
 * came from the token endpoint itself, over TLS, so its signature needs no check (OpenID Connect Core section 3.1.3.7).
 * @param idToken of the token answer; undefined when a link is looked at again
 * @throws {ConnectError} `answer_invalid`
 */
export function readUserinfo(answer: unknown, idToken: unknown): IdentityClaims {
  const parsed = v.safeParse(userinfo, answer)
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw new ConnectError(
      'answer_invalid',
      `The provider's userinfo does not say who this is: ${v.getDotPath(issue) ?? 'the answer'}: ${issue.message}.`,
    )
  }
  const claims = parsed.output
  if (idToken !== undefined && subjectOf(idToken) !== claims.sub) {
    throw new ConnectError('answer_invalid', 'The ID token is about someone else than userinfo.')
  }
  return {
    companyId: claims.company_id,
    userId: claims.user_id,
    name: claims.name,
    email: claims.email,
    phone: claims.phone_number,
    locale: firstTag(claims.locale),
    timeZone: claims.zoneinfo,
    currency: null,
    isAdmin: claims.is_admin,
    roleId: claims.role_id,
    companyName: claims.company_name,
    companyDomain: claims.company_domain,
  }
}

function subjectOf(idToken: unknown): unknown {
  const payload = typeof idToken === 'string' ? (idToken.split('.')[1] ?? '') : ''
  try {
    return parseObject(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))?.sub
  } catch {
    return undefined
  }
}
