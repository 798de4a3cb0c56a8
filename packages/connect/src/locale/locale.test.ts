import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { firstTag, readUsersMe } from '../provider/identity.ts'
import { chooseLocale } from './locale.ts'

const person = (locale: string | null, more: object = {}) => ({ locale, timeZone: null, currency: null, ...more })
const choose = (locale: string | null, languages: string[], acceptLanguage?: string) =>
  chooseLocale({ identity: person(locale), languages, acceptLanguage }).language

describe('the language for a person', () => {
  it.each([
    ['pt-BR', ['en', 'pt'], 'pt'],
    ['pt-BR', ['en', 'pt-PT'], 'pt-PT'],
    ['zh-TW', ['en', 'zh-Hans', 'zh-Hant'], 'zh-Hant'],
    ['zh-HK', ['en', 'zh-Hant'], 'zh-Hant'],
    ['zh-TW', ['en', 'zh-Hans'], 'en'],
    ['no', ['en', 'nb'], 'nb'],
    ['no-NO', ['en', 'nb', 'da'], 'nb'],
    ['iw', ['en', 'he'], 'he'],
    ['es-MX', ['en', 'es', 'es-419'], 'es-419'],
    ['en-AU', ['fr', 'en', 'en-GB'], 'en-GB'],
    ['fi-FI', ['en', 'et'], 'en'],
  ])('%s among %j is %s', (locale, languages, expected) => {
    expect(choose(locale, languages)).toBe(expected)
  })

  it('the language for a person is the browser’s where the provider does not say, or says one that the app does not speak', () => {
    expect(choose(null, ['en', 'de', 'fr'], 'it, fr-CH;q=0.8, de;q=0.9')).toBe('de')
    expect(choose('fi-FI', ['en', 'de'], 'de-AT')).toBe('de')
    expect(choose('fr-FR', ['en', 'fr', 'de'], 'de')).toBe('fr')
  })

  it('the language for a person is the app’s first where nothing fits, whatever a browser sends', () => {
    for (const header of ['', '*', 'xx-invalid-', ';;;q=', 'de;q=0', 'a'.repeat(10_000)]) {
      expect(choose(null, ['et', 'de'], header)).toBe('et')
    }
  })

  it('the language for a person is found without an exception, whatever the provider and the browser send', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (locale, header, timeZone) => {
        const identity = { locale: firstTag(locale), timeZone, currency: null }
        const chosen = chooseLocale({ identity, languages: ['en', 'ar'], acceptLanguage: header })
        expect(['en', 'ar']).toContain(chosen.language)
        chosen.dateTime(0)
      }),
    )
  })

  it.each([
    ['ar', 'rtl'],
    ['he', 'rtl'],
    ['fa-IR', 'rtl'],
    ['ur', 'rtl'],
    ['az', 'ltr'],
    ['ja', 'ltr'],
    ['pa-Arab', 'rtl'],
  ])('%s is written %s', (language, direction) => {
    expect(chooseLocale({ languages: [language] }).direction).toBe(direction)
  })
})

describe('what the provider says of the language', () => {
  const read = (data: object) =>
    readUsersMe({ data: { id: 1, company_id: 1, name: 'x', ...data } }, { 1: 'en-US', 9: 'ar-SA' }).locale

  it.each([
    [{ locale: 'pt_BR' }, 'pt-BR'],
    [{ locale: 'zh_TW', lang: 1 }, 'zh-TW'],
    [{ language: { language_code: 'fr', country_code: 'CA' } }, 'fr-CA'],
    [{ language: { language_code: 'et' } }, 'et'],
    [{ lang: 9 }, 'ar-SA'],
    [{ lang: 77 }, null],
    [{ locale: '??', language: { language_code: 'de', country_code: 'AT' } }, 'de-AT'],
    [{ locale: 7, language: 'de', lang: '1' }, null],
    [{ locale: 'no_NO' }, 'no-NO'],
    [{}, null],
  ])('%j is %s', (data, tag) => {
    expect(read(data)).toBe(tag)
  })
})

describe('the formatters', () => {
  const moment = Date.UTC(2026, 0, 15, 22, 30)
  it('the formatters write dates in the person’s time zone and language', () => {
    const estonian = chooseLocale({
      identity: person('et-EE', { timeZone: 'Europe/Tallinn' }),
      languages: ['en', 'et'],
    })
    expect(estonian.date(moment)).toBe('16. jaanuar 2026')
    expect(estonian.dateTime(moment)).toMatch(/^16\. jaanuar 2026,? (kell )?00:30$/)
  })

  it('the formatters write numbers and money as the person’s country does, in their currency', () => {
    const brazilian = chooseLocale({ identity: person('pt-BR', { currency: 'BRL' }), languages: ['en', 'pt'] })
    expect(brazilian.language).toBe('pt')
    expect(brazilian.number(1234.5)).toBe('1.234,5')
    expect(brazilian.money(1234.5)).toBe('R$\u00a01.234,50')
    expect(brazilian.money(1234.5, 'EUR')).toBe('€\u00a01.234,50')
  })

  it('the formatters use the page’s language where the person’s is another', () => {
    const finn = chooseLocale({ identity: person('fi-FI', { timeZone: 'Nowhere/Land' }), languages: ['en'] })
    expect([finn.tag, finn.timeZone]).toEqual(['en', 'UTC'])
    expect(finn.date(moment)).toBe('January 15, 2026')
    const alemannic = chooseLocale({ identity: person('gsw-CH'), languages: ['en', 'de'] })
    expect([alemannic.language, alemannic.tag]).toEqual(['de', 'de'])
  })
})

describe('what a provider says', () => {
  it.each(['POINT', '', '$', 'US', 'us dollars', '\u0000'])(
    'the currency %j from a provider never breaks a page',
    currency => {
      const locale = chooseLocale({ identity: { locale: 'en-US', timeZone: null, currency }, languages: ['en'] })
      expect(locale.money(7)).toContain('7')
    },
  )

  it.each(['x', 'not a locale', '', 'en_', '\u0000', 'e'.repeat(500)])(
    'the locale %j from a provider never breaks a page',
    locale => {
      const wishes = { identity: { locale, timeZone: 'nowhere', currency: null }, languages: ['en', 'fr'] }
      expect(chooseLocale(wishes).language).toBe('en')
    },
  )
})
