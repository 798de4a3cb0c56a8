/**
 * The small integer that `lang` holds. 1 is en_US, as Pipedrive has it; the others are ours and never change. A locale without
 * a number of its own has 0: clients read `locale` and `language`.
 */
const ids: Readonly<Record<string, number>> = {
  en_US: 1,
  en_GB: 2,
  et_EE: 3,
  fr_FR: 4,
  de_DE: 5,
  es_ES: 6,
  pt_BR: 7,
  ja_JP: 8,
  ar_SA: 9,
}

export function languageId(locale: string): number {
  return ids[locale] ?? 0
}
