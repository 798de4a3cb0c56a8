import { createAccount, createConnect, memoryStore, tenantry as tenantryProvider, useAccount } from '@tenantry/connect'
import { Person } from '@tenantry/connect/testing'
import {
  addMember,
  createApp,
  createCompany,
  createTenantry,
  createUser,
  removeInstallation,
  setPassword,
  type Tenantry,
} from 'tenantry'
import { describe, expect, it } from 'vitest'
import { APP_CALLBACK, KEY } from '../support/kit.ts'
import { temporaryFolder } from '../support/sandbox-process.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const COMPANIES = 6
const ORIGIN = 'http://localhost:4040'
const PASSWORD = 'shaken-not-stirred'

describe('an app that runs for days', () => {
  it('signs no user out who did not ask for it: six companies, refreshes, faults, a revocation, restarts', async () => {
    const folder = temporaryFolder()
    let now = Date.UTC(2026, 0, 15, 12)
    const open = async () => {
      const started = createTenantry({
        store: { path: `${folder.path}/tenantry.db` },
        secrets: ['a secret of this test that is long enough'],
        origin: ORIGIN,
        localCallbacks: true,
        clock: () => now,
      })
      await started.ready
      return started
    }
    let provider: Tenantry | undefined = await open()
    const { clientId, clientSecret } = await seed(provider)

    // Every seventh request fails in one of three ways, and none gets through while the provider is down.
    let requests = 0
    let faultsOn = false
    const toProvider = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      if (!provider) throw new TypeError('fetch failed: the provider is down')
      const fault = faultsOn && ++requests % 7 === 0 ? requests % 3 : undefined
      if (fault === 0) return new Response(null, { status: 502 })
      const answer = await provider.fetch(new Request(input, init))
      if (fault === 1) throw new TypeError('fetch failed: the answer was lost')
      return answer
    }
    const reported: string[] = []
    const connect = createConnect({
      provider: tenantryProvider({ issuer: ORIGIN }),
      clientId,
      clientSecret,
      redirectUri: APP_CALLBACK,
      encryptionKeys: [KEY],
      store: memoryStore(),
      fetch: toProvider,
      clock: () => now,
      wait: async milliseconds => {
        now += milliseconds
      },
      onInstall: ({ link, identity }) => (link ? useAccount(link.accountId) : createAccount(() => identity.key)),
      onNeedsReauthorization: link => {
        reported.push(link.identity.key)
      },
      onError: () => {},
    })
    const companies = Array.from({ length: COMPANIES }, (_, index) => index + 1)
    for (const company of companies) {
      const person = new Person(async (input, init) => {
        const request = new Request(input, init)
        return request.url.startsWith(ORIGIN) ? toProvider(request) : connect.handler(request)
      }, PASSWORD)
      const callback = await person.walk(new URL('start', APP_CALLBACK), APP_CALLBACK, {
        email: 'bond@mi6.example',
        company,
      })
      expect((await person.request(callback)).status).toBe(303)
    }

    faultsOn = true
    const removed = 4
    let [answers, unavailable] = [0, 0]
    for (const end = now + 3 * DAY; now < end; now += 17 * MINUTE) {
      const step = Math.round((now - Date.UTC(2026, 0, 15, 12)) / (17 * MINUTE))
      if (step === 100) {
        const key = { company_id: removed, user_id: 777, client_id: clientId }
        await removeInstallation(provider!.runtime, key)
      }
      if (step % 60 === 59) {
        await provider?.close()
        provider = undefined
      }
      if (step % 60 === 2 && !provider) provider = await open()
      for (const companyId of companies) {
        const result = await connect.fetch({ companyId, userId: 777 }, '/users/me').then(
          async response =>
            response.status === 200 ? ((await response.json()) as { data: { company_id: number } }) : response.status,
          error => error.code ?? 'network',
        )
        if (typeof result === 'object') {
          answers++
          expect(result.data.company_id).toBe(companyId)
        } else if (['provider_unavailable', 'network', 502].includes(result)) unavailable++
        else expect({ companyId, step, result }).toEqual({ companyId: removed, step, result: 'needs_reauthorization' })
      }
    }
    faultsOn = false
    provider ??= await open()
    expect(reported).toEqual([`tenantry:${removed}:777`])
    for (const companyId of companies) {
      const link = await connect.links.find({ companyId, userId: 777 })
      expect(link?.status).toBe(companyId === removed ? 'needs_reauthorization' : 'active')
      if (companyId !== removed) expect((await connect.fetch({ companyId, userId: 777 }, '/users/me')).status).toBe(200)
    }
    // Most asked in vain only while the provider was down or answered 502.
    expect(answers).toBeGreaterThan(1000)
    expect(unavailable).toBeGreaterThan(20)
    await provider.close()
    folder.remove()
  })
})

async function seed({ runtime }: Tenantry) {
  await createUser(runtime, { userId: 777, email: 'bond@mi6.example', name: 'James Bond' })
  await setPassword(runtime, 777, PASSWORD)
  for (let companyId = 1; companyId <= COMPANIES; companyId++) {
    await createCompany(runtime, { companyId, name: `Company ${companyId}`, domain: `company-${companyId}` })
    await addMember(runtime, { companyId, userId: 777 })
  }
  const { app, clientSecret } = await createApp(runtime, {
    name: 'App under test',
    redirectUris: [APP_CALLBACK],
    scopes: ['base'],
  })
  return { clientId: app.clientId, clientSecret: clientSecret! }
}
