import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import type { Page } from 'playwright-core'
import {
  addMember,
  createApp,
  createCompany,
  createTenantry,
  createUser,
  setApp,
  setCompanyLogo,
  setPassword,
  type Tenantry,
} from '../../packages/server/src/index.ts'

const CALLBACK = 'https://app.example/callback'
const COMPANY = 'Universal Exports'
const EMAIL = 'james.bond@mi6.example'
const PASSWORD = 'shaken-not-stirred'

const LOGO = fileURLToPath(new URL('../fixtures/brand-logo.svg', import.meta.url))
const COMPANY_LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="#b3541e"/></svg>'

/** A platform with everything that a brand may have, served where a browser reaches it. */
export interface BrandedProvider {
  /** Goes to where an app asks to be allowed. */
  open(page: Page, app: 'verified' | 'look-alike', language: string): Promise<void>
  /** Signs in, chooses the company with a logo and waits for the consent page. */
  goToConsent(page: Page): Promise<void>
  close(): Promise<void>
}

/** Starts it: its own mark and colour, a company with a logo, a verified app, and one whose name looks like that one's. */
export async function startBrandedProvider(): Promise<BrandedProvider> {
  let served: Tenantry | undefined
  const server = createServer(getRequestListener(request => served!.fetch(request))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const tenantry = createTenantry({
    store: { path: ':memory:' },
    secrets: ['a secret of the pictures that is long enough'],
    origin,
    brand: {
      name: 'Acme Workspace',
      logo: LOGO,
      color: '#7a1fa2',
      privacyUrl: 'https://acme.example/privacy',
      termsUrl: 'https://acme.example/terms',
      supportUrl: 'mailto:help@acme.example',
    },
  })
  served = tenantry
  await tenantry.ready
  const { runtime } = tenantry
  const user = await createUser(runtime, { email: EMAIL, name: 'James Bond' })
  await setPassword(runtime, user.user_id, PASSWORD)
  for (const [name, domain] of [
    ['MI6', 'mi6'],
    [COMPANY, 'universal-exports'],
  ] as const) {
    const { company_id } = await createCompany(runtime, { name, domain })
    await addMember(runtime, { companyId: company_id, userId: user.user_id })
    if (name === COMPANY) await setCompanyLogo(runtime, company_id, Buffer.from(COMPANY_LOGO))
  }
  const links = {
    homeUrl: 'https://notes.example',
    privacyUrl: 'https://notes.example/privacy',
    termsUrl: 'https://notes.example/terms',
  }
  const register = (name: string) =>
    createApp(runtime, {
      name,
      maker: 'Field Notes Ltd',
      redirectUris: [CALLBACK],
      scopes: ['base', 'users:read'],
      ...links,
    })
  const { app: verified } = await register('Field Notes')
  await setApp(runtime, verified.clientId, { verified: true })
  const { app: alike } = await register('Fie1d Notes')
  const apps = { verified, 'look-alike': alike }
  return {
    async open(page, app, language) {
      const query = { client_id: apps[app].clientId, redirect_uri: CALLBACK, state: 'x', ui_locales: language }
      await page.goto(`${origin}/oauth/authorize?${new URLSearchParams(query)}`)
    },
    async goToConsent(page) {
      await page.fill('input[name=email]', EMAIL)
      await page.fill('input[name=password]', PASSWORD)
      await page.click('main button[type=submit]')
      await page.getByRole('radio', { name: COMPANY }).check()
      await page.click('main button[type=submit] >> nth=0')
      await page.waitForSelector('button[value=allow]')
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await tenantry.close()
    },
  }
}
