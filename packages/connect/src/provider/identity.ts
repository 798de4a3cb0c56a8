import * as v from 'valibot'
import { ConnectError } from '../errors.ts'
import { type Id, type IdKind, isId, keyText } from '../ids.ts'

/**
 * Who a token speaks for: a person *at a company*. `(companyId, userId)` is the identity; everything else may change,
 * and an e-mail proves nothing, since a company's administrators can set it.
 */
export interface Identity<I extends Id = number> {
  provider: string
  companyId: I
  userId: I
  /** `provider:companyId:userId`, for a unique column in a table of your own; text ids are quoted in it. */
  key: string
  name: string
  /** For showing and for writing to. Never look an account up by it. */
  email: string | null
  phone: string | null
  /** A BCP 47 tag such as `pt-BR`; null where the provider does not say. */
  locale: string | null
  /** An IANA name such as `Europe/Helsinki`. */
  timeZone: string | null
  /** An ISO 4217 code. */
  currency: string | null
  isAdmin: boolean
  roleId: number | null
  companyName: string | null
  companyDomain: string | null
  /** `company`: the app is installed for the whole company, and this is the company's app user; no one signs in as it. */
  kind: 'user' | 'company'
  /** Of a company: the user id of the administrator who installed the app there. */
  installedBy: I | null
}

/** Integers that JavaScript represents exactly: 2^53 + 1 would silently become another user. */
const id = v.pipe(v.number(), v.safeInteger(), v.minValue(1))

/** A field that tells more about the person; one that is missing or odd spoils nothing. */
const detail = v.fallback(v.nullable(v.string()), null)

/** The answer of `GET /users/me`. */
const usersMe = v.object({
  data: v.object({
    id,
    company_id: id,
    name: v.fallback(v.string(), ''),
    email: detail,
    phone: detail,
    default_currency: detail,
    locale: detail,
    lang: v.fallback(v.nullable(v.number()), null),
    language: v.fallback(v.nullable(v.object({ language_code: v.string(), country_code: detail })), null),
    timezone_name: detail,
    is_admin: v.fallback(v.union([v.number(), v.boolean()]), 0),
    role_id: v.fallback(v.nullable(v.number()), null),
    company_name: detail,
    company_domain: detail,
  }),
})

export type IdentityClaims<I extends Id = number> = Omit<Identity<I>, 'provider' | 'key' | 'kind' | 'installedBy'>

/** What a provider object reads: both ids, and the details that the provider gives. */
export type ReadClaims<I extends Id = number> = Pick<IdentityClaims<I>, 'companyId' | 'userId'> &
  Partial<Omit<Identity<I>, 'companyId' | 'userId' | 'provider' | 'key'>>

/**
 * Reads the answer of `GET /users/me`: both ids must be integers.
 * @param languageIds what the provider's small integers in `lang` mean
 * @throws {ConnectError} `answer_invalid` when it does not say who it is about
 * @example
 * ```ts
 * import { readUsersMe } from '@tenantry/connect'
 * const claims = readUsersMe({ data: { id: 777, company_id: 1, name: 'James Bond' } })
 * console.log(claims.companyId, claims.userId)
 * ```
 */
export function readUsersMe(answer: unknown, languageIds: Readonly<Record<number, string>> = {}): IdentityClaims {
  const parsed = v.safeParse(usersMe, answer)
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw new ConnectError(
      'answer_invalid',
      `The provider's answer does not say who this is: ${v.getDotPath(issue) ?? 'the answer'}: ${issue.message}.`,
    )
  }
  const { data } = parsed.output
  const split = data.language && [data.language.language_code, data.language.country_code].filter(Boolean).join('-')
  return {
    companyId: data.company_id,
    userId: data.id,
    name: data.name,
    email: data.email,
    phone: data.phone,
    locale: firstTag(data.locale, split, data.lang === null ? null : languageIds[data.lang]),
    timeZone: data.timezone_name,
    currency: data.default_currency,
    isAdmin: Boolean(data.is_admin),
    roleId: data.role_id,
    companyName: data.company_name,
    companyDomain: data.company_domain,
  }
}

const unsaid: Omit<Identity, 'companyId' | 'userId' | 'provider' | 'key'> = {
  name: '',
  email: null,
  phone: null,
  locale: null,
  timeZone: null,
  currency: null,
  isAdmin: false,
  roleId: null,
  companyName: null,
  companyDomain: null,
  kind: 'user',
  installedBy: null,
}

/**
 * A whole identity of what a provider object read. What it left out is null, and the ids are of the provider's kind.
 * @throws {ConnectError} `answer_invalid`
 */
export function toIdentity(
  { name: provider, ids = 'integer' }: { name: string; ids?: IdKind },
  read: ReadClaims<Id>,
): Identity<Id> {
  const { companyId, userId } = read ?? {}
  if (!isId(ids, companyId) || !isId(ids, userId)) {
    throw new ConnectError(
      'answer_invalid',
      ids === 'integer'
        ? 'The provider’s answer has no integer user id and company id.'
        : 'The provider’s answer has no user id and company id that are texts of 1 to 255 characters.',
    )
  }
  const said = Object.entries(unsaid).map(([field, otherwise]) => [
    field,
    read[field as keyof typeof unsaid] ?? otherwise,
  ])
  return { provider, companyId, userId, key: keyText({ provider, companyId, userId }), ...Object.fromEntries(said) }
}

/** The first of these that is a language tag, `pt_BR` and `pt-BR` alike, in its canonical form. */
export function firstTag(...candidates: (string | null | undefined)[]): string | null {
  for (const candidate of candidates) {
    if (!candidate) continue
    try {
      return Intl.getCanonicalLocales(candidate.replaceAll('_', '-'))[0] ?? null
    } catch {
      // Not a tag: the next one may be.
    }
  }
  return null
}
