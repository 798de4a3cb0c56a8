import { addOperator, setCompanyPolicy, setMember } from 'tenantry'
import { describe, expect, it } from 'vitest'
import type { Client } from './support/client.ts'
import { consolePages, grow, MANY, NONE, SOME } from './support/console-population.ts'
import { isCitus } from './support/postgres.ts'
import { BOND, MI6, onPostgres } from './support/provider.ts'
import { client, person, provider, useProvider } from './support/provider-of-test.ts'

/**
 * A page of a console costs what is on it. Between the two sizes there is up to ten times as much that is not on the page; four
 * times the time is left for machines that are noisy.
 */
const MAX_GROWTH = 4
/** Growth below it says nothing, in milliseconds. */
const FLOOR = 1
const ROUNDS = 7
const MAX_BYTES = 200_000

describe.skipIf(isCitus)('the pages of the consoles', () => {
  useProvider(() => ({ companyApps: true }))
  let forAll: Client

  async function open(path: string): Promise<{ time: number; bytes: number }> {
    let time = Number.POSITIVE_INFINITY
    let bytes = 0
    for (let round = 0; round < ROUNDS; round++) {
      const begun = performance.now()
      const answer = await person.request(path)
      const body = await answer.arrayBuffer()
      time = Math.min(time, performance.now() - begun)
      expect([path, answer.status]).toEqual([path, 200])
      bytes = body.byteLength
    }
    return { time, bytes }
  }

  it('cost what is on them, and not what 40 companies, 10,000 members and 500 apps have', async () => {
    await setMember(provider.runtime, MI6, BOND, { isAdmin: true })
    await addOperator(provider.runtime, BOND)
    await person.signIn()
    forAll = await provider.registerApp({ name: 'For all', install: 'both', scopes: ['base'] })
    const consent = await person.reachConsent(forAll, { company: MI6 })
    await person.submit(consent, { decision: 'allow', install_for: 'company' })
    const apps = { app: client.id, forAll: forAll.id }
    const place = { runtime: provider.runtime, companyId: MI6, ...apps, isPostgres: onPostgres }
    await setCompanyPolicy(provider.runtime, MI6, { developers: 'members' })
    await grow(place, NONE, SOME)
    const all = consolePages(place, BOND)
    const before = new Map<string, number>()
    for (const path of all) before.set(path, (await open(path)).time)
    await grow(place, SOME, MANY)
    for (const path of all) {
      const small = Math.max(before.get(path)!, FLOOR)
      let { time, bytes } = await open(path)
      // A machine that was slowed down for a while is asked again: growth stays, however often it is measured.
      for (let again = 0; again < 3 && time / small >= MAX_GROWTH; again++)
        time = Math.min(time, (await open(path)).time)
      expect(bytes, path).toBeLessThan(MAX_BYTES)
      expect(time / small, `${path}: ${small} ms before, ${time} ms after`).toBeLessThan(MAX_GROWTH)
    }
    const shown = await person.open(`/company/${MI6}?page=2`)
    const names = shown.document.querySelectorAll('section.app h2').map(each => each.text)
    expect([names[0], names.length]).toEqual(['App 50', 50])
    expect(shown.text).toContain('100 people')
    expect((await person.open(`/company/${MI6}`)).text).toContain('More than 1,000 people')
    // Fifty for each page: the apps, the one that everyone uses, and the one that is for all.
    const last = await person.open(`/company/${MI6}?page=11`)
    expect(last.document.querySelectorAll('section.app h2').map(each => each.text)).toEqual(['Field Notes', 'For all'])
    expect(last.document.querySelector('a[href*="page="]')).toBeNull()
  })
})
