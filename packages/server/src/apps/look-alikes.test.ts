import { createApp, setApp, setDisabled } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { CALLBACK, MI6, MINUTE } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { findLookAlikes, skeletonsOf } from './look-alikes.ts'

describe('names of apps that look alike', () => {
  it.each([
    ['Cyrillic letters', 'Fіеld Nоtеs'],
    ['capitals', 'FIELD NOTES'],
    ['a digit for a letter', 'Fie1d N0tes'],
    ['a capital I for a small l', 'FieId Notes'],
    ['no space, or a wide one', 'Field\u3000Notes'],
    ['signs that cannot be seen', 'Field\u200b No\u00adtes'],
    ['letters of full width', 'Ｆｉｅｌｄ　Ｎｏｔｅｓ'],
    ['mathematical letters', '𝐅𝐢𝐞𝐥𝐝 𝐍𝐨𝐭𝐞𝐬'],
  ])('a name written with %s looks the same', (_, name) => {
    const own = skeletonsOf('Field Notes')
    expect(skeletonsOf(name).some(skeleton => own.includes(skeleton))).toBe(true)
  })

  it.each(['Field Note', 'Feld Notes', 'Notes', 'Field Notes 2', 'حقل'])('%s is another name', name => {
    const own = skeletonsOf('Field Notes')
    expect(skeletonsOf(name).some(skeleton => own.includes(skeleton))).toBe(false)
  })
})

describe('an app whose name looks like that of another', () => {
  useProvider()

  it('people who are to allow it are warned, until it is verified or the other one is gone', async () => {
    const warning = 'looks like that of another app'
    expect((await person.reachConsent(client, { company: MI6 })).text).not.toContain(warning)
    const { app: other } = await createApp(provider.runtime, { name: 'Fіeld Nоtes', redirectUris: [CALLBACK] })
    provider.pass(2 * MINUTE)
    expect((await person.reachConsent(client, { company: MI6 })).text).toContain(warning)
    await setApp(provider.runtime, client.id, { verified: true })
    expect((await person.reachConsent(client, { company: MI6 })).text).not.toContain(warning)
    await setApp(provider.runtime, client.id, { verified: false })
    await setDisabled(provider.runtime, other.clientId, true)
    provider.pass(2 * MINUTE)
    expect((await person.reachConsent(client, { company: MI6 })).text).not.toContain(warning)
  })

  it('operators find the apps that look alike', async () => {
    const { app: other } = await createApp(provider.runtime, { name: 'FIELD N0TES', redirectUris: [CALLBACK] })
    const alike = await findLookAlikes(provider.runtime, other, { fresh: true })
    expect(alike).toEqual([{ client_id: client.id, name: 'Field Notes' }])
  })
})
