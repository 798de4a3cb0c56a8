import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BearerRecord } from '../store/bearer-record.ts'
import { languageId } from './language-ids.ts'
import { timezoneOffset } from './timezone-offset.ts'
import { writeUser } from './user-json.ts'

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"', '\\', '\u2028', 'Jürgen', '😀', '\ud800', '\x00\x1f\x7f'),
)
const moment = fc.integer({ min: 0, max: 253402300799999 })
const flag = fc.constantFrom(0, 1)
const record = fc.record({
  companyId: fc.maxSafeNat(),
  userId: fc.maxSafeNat(),
  clientId: text,
  scopes: text,
  expiresAt: moment,
  name: text,
  email: text,
  phone: fc.option(text),
  locale: fc.constantFrom('en_US', 'et_EE', 'zh_TW'),
  timezone: fc.constantFrom(null, 'Europe/Helsinki', 'Asia/Kathmandu'),
  currency: text,
  isAdmin: flag,
  roleId: fc.nat(),
  iconUrl: fc.option(text),
  hasCreatedCompany: flag,
  signupFlowVariation: fc.option(text),
  active: flag,
  userActive: flag,
  createdAt: moment,
  modifiedAt: fc.option(moment),
  lastLoginAt: fc.option(moment),
  companyName: text,
  companyDomain: text,
  companyCountry: fc.option(text),
  companyIndustry: fc.option(text),
  companySuspendedAt: fc.option(moment),
  appDisabledAt: fc.option(moment),
  appProfile: fc.constant('standard'),
  appScopes: fc.constant('base'),
}) as fc.Arbitrary<unknown> as fc.Arbitrary<BearerRecord>

const time = (value: number | null) =>
  value === null ? null : new Date(value).toISOString().slice(0, 19).replace('T', ' ')

describe('a user as text', () => {
  it('the rendered user equals what JSON.stringify writes, whatever people are called', () => {
    fc.assert(
      fc.property(record, moment, (user, now) => {
        const timezone = user.timezone ?? 'UTC'
        const [languageCode, countryCode] = user.locale.split('_')
        const described = {
          id: user.userId,
          name: user.name,
          default_currency: user.currency,
          locale: user.locale,
          lang: languageId(user.locale),
          // An app user has none.
          email: user.email === '' ? null : user.email,
          phone: user.phone,
          activated: user.active === 1 && user.userActive === 1,
          last_login: time(user.lastLoginAt),
          created: time(user.createdAt),
          modified: time(user.modifiedAt),
          signup_flow_variation: user.signupFlowVariation,
          has_created_company: user.hasCreatedCompany === 1,
          is_admin: user.isAdmin,
          timezone_name: timezone,
          timezone_offset: timezoneOffset(timezone, now),
          active_flag: user.active === 1 && user.userActive === 1,
          role_id: user.roleId,
          icon_url: user.iconUrl,
          is_you: true,
          company_id: user.companyId,
          company_name: user.companyName,
          company_domain: user.companyDomain,
          company_country: user.companyCountry,
          company_industry: user.companyIndustry,
          language: { language_code: languageCode, country_code: countryCode },
        }
        expect(writeUser(user, now)).toBe(JSON.stringify(described))
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['en_US', 'en_US', 'en', 'US', 'en_US', 'US'],
    ['es_419', 'es_419', 'es', '419', 'es_ES', 'ES'],
    ['zh_Hant_TW', 'zh_Hant_TW', 'zh', 'TW', 'zh_TW', 'TW'],
    ['sr_Latn_RS', 'sr_Latn_RS', 'sr', 'RS', 'sr_RS', 'RS'],
    ['fr', 'fr', 'fr', null, 'fr_FR', 'FR'],
  ])('a user as JSON gives the locale %s as it is, and to clients of Pipedrive as ll_CC', (...given) => {
    const [locale, standard, language, country, pipedrive, pipedriveCountry] = given
    const [any] = fc.sample(record, 1)
    const localeOf = (appProfile: 'standard' | 'pipedrive') => {
      const { locale: text, language: split } = JSON.parse(
        writeUser({ ...any!, locale, appProfile } as BearerRecord, 0),
      )
      return [text, split.language_code, split.country_code]
    }
    expect(localeOf('standard')).toEqual([standard, language, country])
    expect(localeOf('pipedrive')).toEqual([pipedrive, language, pipedriveCountry])
  })
})
