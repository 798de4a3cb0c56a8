import type { BearerRecord, MemberField } from '../store/bearer-record.ts'
import { languageId } from './language-ids.ts'
import { timezoneOffset } from './timezone-offset.ts'

/** What a company knows of one of its members. */
export type Member = Pick<BearerRecord, MemberField>

/**
 * A user at a company as JSON, in the order of keys that clients know. Written as text, since it is most of what an
 * answer costs: a third of what `JSON.stringify` of an object takes.
 * @param now milliseconds since 1970, for the time zone's offset
 */
export function writeUser(user: BearerRecord, now: number): string {
  const locale = localeFor(user.appProfile, user.locale)
  return `{${writeMemberFields(user, locale, now, true)},"company_id":${user.companyId},"company_name":${quote(user.companyName)},"company_domain":${quote(user.companyDomain)},"company_country":${quoteOrNull(user.companyCountry)},"company_industry":${quoteOrNull(user.companyIndustry)},"language":${locale.language}}`
}

/** A colleague of the user whom a token speaks for, as JSON with the same keys, but for those of the company. */
export function writeColleague(member: Member, token: BearerRecord, now: number): string {
  const locale = localeFor(token.appProfile, member.locale)
  return `{${writeMemberFields(member, locale, now, member.userId === token.userId)},"language":${locale.language}}`
}

function localeFor(profile: BearerRecord['appProfile'], text: string): Locale {
  return profile === 'pipedrive' ? pipedriveLocale(text) : readLocale(text)
}

function writeMemberFields(member: Member, { locale, lang }: Locale, now: number, isYou: boolean): string {
  const timezone = member.timezone ?? 'UTC'
  const isActive = member.active === 1 && member.userActive === 1
  return `"id":${member.userId},"name":${quote(member.name)},"default_currency":${quote(member.currency)},"locale":${locale},"lang":${lang},"email":${quoteOrNull(member.email || null)},"phone":${quoteOrNull(member.phone)},"activated":${isActive},"last_login":${writeTimeOrNull(member.lastLoginAt)},"created":${writeTime(member.createdAt)},"modified":${writeTimeOrNull(member.modifiedAt)},"signup_flow_variation":${quoteOrNull(member.signupFlowVariation)},"has_created_company":${member.hasCreatedCompany === 1},"is_admin":${member.isAdmin},"timezone_name":${quote(timezone)},"timezone_offset":"${timezoneOffset(timezone, now)}","active_flag":${isActive},"role_id":${member.roleId},"icon_url":${quoteOrNull(member.iconUrl)},"is_you":${isYou}`
}

/** Characters that stand for themselves in JSON, and are one byte each. */
const PLAIN = /^[ !#-[\]-~]*$/

function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}

function quoteOrNull(text: string | null): string {
  return text === null ? 'null' : quote(text)
}

interface Locale {
  /** As JSON. */
  locale: string
  lang: number
  /** The locale split in two, as JSON. */
  language: string
}

const locales = new Map<string, Locale>()
const pipedriveLocales = new Map<string, Locale>()

/** One entry per locale in use. */
function readLocale(text: string): Locale {
  let known = locales.get(text)
  if (!known) {
    const { language, region } = new Intl.Locale(text.replaceAll('_', '-'))
    known = describeLocale(text, language, region ?? null)
    locales.set(text, known)
  }
  return known
}

/** Clients of Pipedrive expect `ll_CC`: without a script, and with the country that the language is most likely of. */
function pipedriveLocale(text: string): Locale {
  let known = pipedriveLocales.get(text)
  if (!known) {
    const { language, region = '' } = new Intl.Locale(text.replaceAll('_', '-'))
    const country = /^[A-Z]{2}$/.test(region) ? region : (new Intl.Locale(language).maximize().region ?? 'US')
    known = describeLocale(`${language}_${country}`, language, country)
    pipedriveLocales.set(text, known)
  }
  return known
}

function describeLocale(text: string, languageCode: string, countryCode: string | null): Locale {
  return {
    locale: JSON.stringify(text),
    lang: languageId(text),
    language: JSON.stringify({ language_code: languageCode, country_code: countryCode }),
  }
}

const SECOND = 1000
const DAY = 24 * 3600 * SECOND

/** Days as they are written; most times are of a few days. */
const days = new Map<number, string>()
const MAX_DAYS = 20_000

/** `YYYY-MM-DD HH:MM:SS` in UTC, quoted. */
function writeTime(time: number): string {
  const day = Math.floor(time / DAY)
  let date = days.get(day)
  if (date === undefined) {
    date = new Date(day * DAY).toISOString().slice(0, 10)
    if (days.size < MAX_DAYS) days.set(day, date)
  }
  const second = Math.floor((time - day * DAY) / SECOND)
  return `"${date} ${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}"`
}

function writeTimeOrNull(time: number | null): string {
  return time === null ? 'null' : writeTime(time)
}

const pairs = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))

function two(number: number): string {
  return pairs[number]!
}
