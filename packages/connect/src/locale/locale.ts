import { match } from '@formatjs/intl-localematcher'
import type { Identity } from '../provider/identity.ts'

/** A person's language, as far as the app speaks it, and how they write dates, numbers and money. */
export interface Locale {
  /** One of the app's languages. */
  language: string
  /** The person's own tag where it is of that language (`pt-BR` for `pt`), for dates and numbers; else the language. */
  tag: string
  direction: 'ltr' | 'rtl'
  /** An IANA name; `UTC` if unknown. */
  timeZone: string
  /** A date in the person's time zone. Times are milliseconds since 1970 or a `Date`. */
  date(time: number | Date, options?: Intl.DateTimeFormatOptions): string
  dateTime(time: number | Date, options?: Intl.DateTimeFormatOptions): string
  number(value: number | bigint, options?: Intl.NumberFormatOptions): string
  /** An amount in whole units, in the person's currency unless another is given. */
  money(amount: number | bigint, currency?: string): string
}

export interface LocaleWishes {
  /** What the provider says of the person. */
  identity?: Pick<Identity, 'locale' | 'timeZone' | 'currency'> | undefined
  /** The app's languages, BCP 47, the default first. */
  languages: readonly string[]
  /** The browser's header, for when the provider says nothing or a language that the app does not speak. */
  acceptLanguage?: string | null | undefined
}

const NONE = 'und'
const FALLBACK_CURRENCY = 'USD'
/** `Intl.Locale` tells a direction itself only in newer runtimes. */
const RIGHT_TO_LEFT = new Set(['Arab', 'Hebr', 'Thaa', 'Syrc', 'Nkoo', 'Adlm', 'Rohg', 'Mand', 'Samr'])

/**
 * Chooses among the app's languages as CLDR compares them: `pt_BR` is served by `pt`, `zh_TW` by `zh-Hant` and not by
 * `zh-Hans`, `no` by `nb`. The app's first language is used if none matches.
 * @example
 * ```ts
 * import { chooseLocale } from '@tenantry/connect'
 * const locale = chooseLocale({
 *   identity: { locale: 'pt-BR', timeZone: 'America/Sao_Paulo', currency: 'BRL' },
 *   languages: ['en', 'pt'],
 * })
 * console.log(locale.language, locale.date(0), locale.money(12))
 * ```
 */
export function chooseLocale({ identity, languages, acceptLanguage }: LocaleWishes): Locale {
  const own = canonical((identity?.locale ?? '').replaceAll('_', '-'))
  const wishes = [own === undefined ? [] : [own], parseAcceptLanguage(acceptLanguage)]
  const [language, wished] = negotiate(wishes, languages)
  const tag = wished && sameLanguage(wished, language) ? wished : language
  const timeZone = usableTimeZone(identity?.timeZone)
  return {
    language,
    tag,
    direction: directionOf(language),
    timeZone,
    date: (time, options = { dateStyle: 'long' }) =>
      new Intl.DateTimeFormat(tag, { timeZone, ...options }).format(time),
    dateTime: (time, options = { dateStyle: 'long', timeStyle: 'short' }) =>
      new Intl.DateTimeFormat(tag, { timeZone, ...options }).format(time),
    number: (value, options) => new Intl.NumberFormat(tag, options).format(value),
    money: (amount, currency = identity?.currency || FALLBACK_CURRENCY) => writeMoney(tag, amount, currency),
  }
}

/** A provider's currency may not be an ISO 4217 code: then it is shown after the number as it is. */
function writeMoney(tag: string, amount: number | bigint, currency: string): string {
  if (/^[A-Za-z]{3}$/.test(currency)) return new Intl.NumberFormat(tag, { style: 'currency', currency }).format(amount)
  return `${new Intl.NumberFormat(tag).format(amount)} ${currency}`.trim()
}

/** The app's language for the first wish that any fits, and that wish. */
function negotiate(wishes: string[][], languages: readonly string[]): [string, string | undefined] {
  for (const tags of wishes) {
    for (const tag of tags) {
      const found = match([tag], languages, NONE)
      if (found !== NONE) return [found, tag]
    }
  }
  return [languages[0] ?? 'en', undefined]
}

/** The tags of an Accept-Language header (RFC 9110 section 12.5.4), the most wanted first. */
export function parseAcceptLanguage(header: string | null | undefined): string[] {
  return (header ?? '')
    .slice(0, 500)
    .split(',')
    .map(entry => /^\s*([A-Za-z0-9-]+)\s*(?:;\s*q=([0-9.]+))?\s*$/.exec(entry))
    .filter(entry => entry !== null)
    .map(([, tag, weight]) => ({ tag: canonical(tag!), weight: weight === undefined ? 1 : Number(weight) }))
    .filter((entry): entry is { tag: string; weight: number } => entry.tag !== undefined && entry.weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag)
}

function canonical(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0]
  } catch {
    return undefined
  }
}

/** Whether dates and numbers may be written as `wished` on a page in `language`. */
function sameLanguage(wished: string, language: string): boolean {
  const [a, b] = [new Intl.Locale(wished).maximize(), new Intl.Locale(language).maximize()]
  return a.language === b.language && a.script === b.script
}

export function directionOf(language: string): 'ltr' | 'rtl' {
  const { script } = new Intl.Locale(language).maximize()
  return script !== undefined && RIGHT_TO_LEFT.has(script) ? 'rtl' : 'ltr'
}

function usableTimeZone(name: string | null | undefined): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name ?? 'UTC' }).resolvedOptions().timeZone
  } catch {
    return 'UTC'
  }
}
