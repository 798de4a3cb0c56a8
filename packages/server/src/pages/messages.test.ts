import { readdirSync, readFileSync } from 'node:fs'
import { type MessageFormatElement, parse, TYPE } from '@formatjs/icu-messageformat-parser'
import { describe, expect, it } from 'vitest'
import { direction, languages, negotiateLanguage, parseAcceptLanguage } from './languages.ts'
import { type MessageKey, messages, say, sayRich } from './messages.ts'

const keys = Object.keys(messages.en) as MessageKey[]

/** The names that a message fills in and the tags it uses. */
function placeholders(elements: MessageFormatElement[]): string[] {
  const names = elements.flatMap(element => {
    if (element.type === TYPE.literal || element.type === TYPE.pound) return []
    if (element.type === TYPE.tag) return [`<${element.value}>`, ...placeholders(element.children)]
    if (element.type === TYPE.plural || element.type === TYPE.select) {
      return [element.value, ...Object.values(element.options).flatMap(option => placeholders(option.value))]
    }
    return [element.value]
  })
  return [...new Set(names)].sort()
}

describe('messages', () => {
  it.each(languages.filter(language => language !== 'en'))(
    '%s says everything that English says, and no more',
    language => {
      expect(Object.keys(messages[language]).sort()).toEqual([...keys].sort())
    },
  )

  it.each(languages)('%s is valid ICU syntax and fills in the same things as English', language => {
    for (const key of keys) {
      const own = placeholders(parse(messages[language][key] ?? ''))
      expect({ key, own }).toEqual({ key, own: placeholders(parse(messages.en[key] ?? '')) })
    }
  })

  it.each(languages.filter(language => !language.startsWith('en')))('%s is translated, not copied', language => {
    const copied = keys.filter(key => messages[language][key] === messages.en[key])
    // An e-mail is an E-mail in French and Portuguese too, a code a Code in French and German, and apps are Apps in German.
    const same = ['signIn.email', 'device.code', 'console.apps']
    expect(copied.filter(key => !same.includes(key))).toEqual([])
  })

  it.each(languages.filter(language => language !== 'en' && language !== 'en-GB'))(
    '%s has a plural for each number that its grammar tells apart',
    language => {
      const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories
      for (const minutes of [0, 1, 2, 3, 11, 100, 102]) {
        expect(say(language, 'signIn.tooMany', { minutes })).not.toContain('{')
      }
      const source = messages[language]['signIn.tooMany'] ?? ''
      const missing = categories.filter(category => !source.includes(`${category} {`) && !/many/.test(category))
      expect(missing).toEqual([])
    },
  )

  it('every message is used somewhere', () => {
    const sources = readdirSync(new URL('..', import.meta.url), { recursive: true, encoding: 'utf8' })
      .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts'))
      .map(path => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'))
      .join('\n')
    const unused = keys.filter(key => !key.startsWith('scope.') && !sources.includes(`'${key}'`))
    expect(unused).toEqual([])
  })

  it('a value in a right-to-left message is isolated from it', () => {
    const values = { name: 'James', email: 'james.bond@mi6.example' }
    expect(say('ar', 'account.signedInAs', values)).toContain('(\u2068james.bond@mi6.example\u2069)')
    expect(say('en', 'account.signedInAs', values)).toBe('Signed in as James (james.bond@mi6.example)')
  })

  it('a value in a message is shown as text', async () => {
    const shown = String(await sayRich('en', 'signIn.toContinue', { app: '<i>x</i> & {y}' }))
    expect(shown).toBe('to continue to <strong>&lt;i&gt;x&lt;/i&gt; &amp; {y}</strong>')
  })
})

describe('the language of a page', () => {
  it.each([
    [['de-AT'], 'de'],
    [['pt-PT'], 'pt'],
    [['en-US'], 'en'],
    [['en-GB'], 'en-GB'],
    [['en-AU'], 'en-GB'],
    [['ar-EG'], 'ar'],
    [['ja-JP', 'en'], 'ja'],
    [['xx', 'es-MX'], 'es'],
    [['tlh'], 'en'],
    [['not a tag', '', '*', '-'], 'en'],
    [[], 'en'],
  ])('%j is answered in %s', (wish, expected) => {
    expect(negotiateLanguage(wish)).toBe(expected)
  })

  it('the language of a page comes from the first list with a language that we speak', () => {
    expect(negotiateLanguage(['xx'], ['fr-FR'], ['de'])).toBe('fr')
  })

  it('the language of a page follows the weights of Accept-Language, and survives garbage', () => {
    expect(parseAcceptLanguage('en;q=0.5, fr, de;q=0.9, es;q=0')).toEqual(['fr', 'de', 'en'])
    expect(parseAcceptLanguage(';;,q=,*;q=x, et')).toEqual(['et'])
    expect(parseAcceptLanguage(undefined)).toEqual([])
  })

  it('Arabic is written from right to left', () => {
    expect(languages.filter(language => direction(language) === 'rtl')).toEqual(['ar'])
  })
})
