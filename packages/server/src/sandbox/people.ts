import type { NewCompany } from '../companies/companies.ts'
import type { MembershipProfile, NewMembership } from '../companies/memberships.ts'
import type { NewUser } from '../companies/users.ts'

/** Every sandbox user has it. */
export const sandboxPassword = 'shaken-not-stirred'

export const sandboxCompanies: NewCompany[] = [
  { companyId: 1, name: 'MI6', domain: 'casinoroyale', country: 'EE', industry: 'Software, App Development' },
  {
    companyId: 2,
    name: 'Universal Exports',
    domain: 'universal-exports',
    country: 'GB',
    industry: 'Import and Export',
  },
  { companyId: 3, name: 'Osato Chemicals', domain: 'osato-chemicals', country: 'JP', industry: 'Chemicals' },
]

type At = MembershipProfile & Omit<NewMembership, 'companyId' | 'userId'>

export interface SandboxUser extends NewUser {
  userId: number
  /** The memberships, by company id. */
  at: Record<number, At>
}

const utc = (text: string) => Date.parse(`${text.replace(' ', 'T')}Z`)

export const sandboxUsers: SandboxUser[] = [
  {
    userId: 777,
    email: 'james.bond@mi6.example',
    name: 'James Bond',
    locale: 'en_US',
    timezone: 'Europe/Helsinki',
    at: {
      1: {
        isAdmin: true,
        roleId: 1,
        currency: 'USD',
        iconUrl: 'https://d3myhnqlqw2314.cloudfront.net/profile_120x120_622732_a30ce0fa4cb31e36aa1ee42f1bc271d9.jpg',
        hasCreatedCompany: true,
        signupFlowVariation: 'short_form',
        createdAt: utc('2017-11-08 12:00:22'),
        modifiedAt: utc('2017-12-18 08:43:13'),
        lastLoginAt: utc('2017-12-18 08:43:13'),
      },
      2: {
        email: 'j.bond@universal-exports.example',
        locale: 'en_GB',
        timezone: 'Europe/London',
        currency: 'GBP',
        phone: '+44 20 7946 0007',
        roleId: 3,
      },
    },
  },
  {
    userId: 778,
    email: 'm@mi6.example',
    name: 'M',
    locale: 'en_GB',
    timezone: 'Europe/London',
    at: { 1: { isAdmin: true, currency: 'GBP' }, 2: { isAdmin: true, currency: 'GBP' } },
  },
  {
    userId: 779,
    email: 'eve.moneypenny@mi6.example',
    name: 'Eve Moneypenny',
    locale: 'en_GB',
    timezone: 'Europe/London',
    at: { 1: { roleId: 2, currency: 'GBP' } },
  },
  { userId: 780, email: 'q@mi6.example', name: 'Q', locale: 'en_US', timezone: null, at: { 1: { roleId: 2 } } },
  {
    userId: 781,
    email: 'bill.tanner@mi6.example',
    name: 'Bill Tanner',
    locale: 'en_GB',
    timezone: 'Europe/London',
    at: { 1: { active: false } },
  },
  {
    userId: 782,
    email: 'vesper.lynd@universal-exports.example',
    name: 'Vesper Lynd',
    locale: 'fr_FR',
    timezone: 'Europe/Paris',
    at: { 2: { roleId: 2, currency: 'EUR' } },
  },
  {
    userId: 783,
    email: 'auric.goldfinger@universal-exports.example',
    name: 'Auric Goldfinger',
    locale: 'de_DE',
    timezone: 'Europe/Berlin',
    at: { 2: { isAdmin: true, currency: 'EUR' }, 3: { currency: 'EUR' } },
  },
  {
    userId: 784,
    email: 'camille.montes@universal-exports.example',
    name: 'Camille Montes',
    locale: 'es_ES',
    timezone: 'Europe/Madrid',
    at: { 2: { currency: 'EUR' } },
  },
  {
    userId: 785,
    email: 'dominic.greene@universal-exports.example',
    name: 'Dominic Greene',
    locale: 'pt_BR',
    timezone: 'America/Sao_Paulo',
    at: { 2: { currency: 'BRL' } },
  },
  {
    userId: 786,
    email: 'tiger.tanaka@osato-chemicals.example',
    name: 'タイガー田中',
    locale: 'ja_JP',
    timezone: 'Asia/Tokyo',
    at: { 3: { isAdmin: true, currency: 'JPY' } },
  },
  {
    userId: 787,
    email: 'le.chiffre@mi6.example',
    name: 'Le Chiffre',
    locale: 'et_EE',
    timezone: 'Europe/Tallinn',
    at: { 1: { currency: 'EUR' } },
  },
  {
    userId: 788,
    email: 'elektra.king@osato-chemicals.example',
    name: 'إلكترا كينغ',
    locale: 'ar_SA',
    timezone: 'Asia/Riyadh',
    at: { 1: { currency: 'SAR' }, 3: { isAdmin: true, currency: 'SAR' } },
  },
  {
    userId: 789,
    email: 'felix.leiter@osato-chemicals.example',
    name: 'Felix Leiter',
    locale: 'en_US',
    timezone: 'America/New_York',
    at: { 3: { roleId: 2 } },
  },
  {
    userId: 790,
    email: 'kissy.suzuki@osato-chemicals.example',
    name: 'キッシー鈴木',
    locale: 'ja_JP',
    timezone: 'Asia/Tokyo',
    at: { 3: { currency: 'JPY' } },
  },
]
