/**
 * A language tag of BCP 47 in one canonical form with underscores, such as `et_EE`, `es_419` or `zh_Hant_TW`; written
 * with hyphens or underscores, in any case. Its language is two or three letters.
 * @returns undefined where it is none
 */
export function canonicalLocale(text: string): string | undefined {
  try {
    const [tag] = Intl.getCanonicalLocales(text.replaceAll('_', '-'))
    return tag !== undefined && /^[a-z]{2,3}(-|$)/.test(tag) ? tag.replaceAll('-', '_') : undefined
  } catch {
    return undefined
  }
}
