import { match } from '@formatjs/intl-localematcher'

/** The languages of the pages, as BCP 47 tags. */
export const languages = ['en', 'en-GB', 'et', 'fr', 'de', 'es', 'pt', 'ja', 'ar'] as const
export type Language = (typeof languages)[number]

export function isLanguage(text: string): text is Language {
  return (languages as readonly string[]).includes(text)
}

const NONE = 'und'

/**
 * The language of a page: the first of these wishes that we speak.
 * @param wishes lists of BCP 47 tags, the weightiest list first
 */
export function negotiateLanguage(...wishes: readonly (readonly string[])[]): Language {
  for (const wish of wishes) {
    const found = match(wish.filter(isLanguageTag), languages, NONE)
    if (found !== NONE) return found as Language
  }
  return 'en'
}

/** The tags of an Accept-Language header (RFC 9110 section 12.5.4), the most wanted first. */
export function parseAcceptLanguage(header: string | undefined): string[] {
  return (header ?? '')
    .slice(0, 500)
    .split(',')
    .map(entry => /^\s*([A-Za-z0-9-]+)\s*(?:;\s*q=([0-9.]+))?\s*$/.exec(entry))
    .filter(entry => entry !== null)
    .map(([, tag, weight]) => ({ tag: tag!, weight: weight === undefined ? 1 : Number(weight) }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag)
}

/** `et_EE` as `et-EE`. */
export function localeToTag(locale: string): string {
  return locale.replaceAll('_', '-')
}

export function direction(language: Language): 'ltr' | 'rtl' {
  return language === 'ar' ? 'rtl' : 'ltr'
}

function isLanguageTag(tag: string): boolean {
  try {
    return Boolean(new Intl.Locale(tag))
  } catch {
    return false
  }
}
