import { html } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import { IntlMessageFormat } from 'intl-messageformat'
import { direction, type Language } from './languages.ts'
import ar from './messages/ar.json' with { type: 'json' }
import de from './messages/de.json' with { type: 'json' }
import en from './messages/en.json' with { type: 'json' }
import enGB from './messages/en-GB.json' with { type: 'json' }
import es from './messages/es.json' with { type: 'json' }
import et from './messages/et.json' with { type: 'json' }
import fr from './messages/fr.json' with { type: 'json' }
import ja from './messages/ja.json' with { type: 'json' }
import pt from './messages/pt.json' with { type: 'json' }

export type MessageKey = keyof typeof en
export type MessageValues = Record<string, string | number>
/** A piece of a page. */
export type Fragment = HtmlEscapedString | Promise<HtmlEscapedString>

/** What a page says, in ICU message syntax. */
export const messages: Record<Language, Partial<Record<MessageKey, string>>> = {
  en,
  'en-GB': { ...en, ...enGB },
  et,
  fr,
  de,
  es,
  pt,
  ja,
  ar,
}

const formats = new Map<string, IntlMessageFormat>()

/** Of messages without values, which say the same each time. */
const texts = new Map<Language, Map<MessageKey, string>>()

/** A message as plain text. */
export function say(language: Language, key: MessageKey, values?: MessageValues): string {
  if (values) return String(messageFormat(language, key).format(isolate(language, values)))
  let ofLanguage = texts.get(language)
  if (!ofLanguage) {
    ofLanguage = new Map()
    texts.set(language, ofLanguage)
  }
  const text = ofLanguage.get(key) ?? String(messageFormat(language, key).format())
  ofLanguage.set(key, text)
  return text
}

/** A message in which `<b>…</b>` marks what matters, as a piece of a page; values are escaped. */
export function sayRich(language: Language, key: MessageKey, values: MessageValues = {}): Fragment {
  const parts = messageFormat(language, key).format<Fragment>({
    ...isolate(language, values),
    b: chunks => html`<strong>${chunks}</strong>`,
  })
  return html`${parts}`
}

/**
 * Names and addresses are mostly written from left to right: in a right-to-left language each is isolated, so
 * that the signs around it stay where they belong (Unicode Standard Annex 9, first strong isolate).
 */
function isolate(language: Language, values: MessageValues): MessageValues {
  if (direction(language) === 'ltr') return values
  const apart = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'string' ? `\u2068${value}\u2069` : value,
  ])
  return Object.fromEntries(apart)
}

function messageFormat(language: Language, key: MessageKey): IntlMessageFormat {
  const name = `${language} ${key}`
  let format = formats.get(name)
  if (!format) {
    format = new IntlMessageFormat(messages[language][key] ?? en[key], language)
    formats.set(name, format)
  }
  return format
}
