import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContextOptions } from 'playwright-core'
import { startBrandedProvider } from '../tests/support/branded-provider.ts'
import { launchChromium, newContext } from '../tests/support/chromium.ts'
import { startExample } from '../tests/support/example-process.ts'
import { REPOSITORY, startSandbox, temporaryFolder } from '../tests/support/sandbox-process.ts'

// Makes the pictures of the README and the docs again: npm run screenshots
const images = join(REPOSITORY, 'docs/images')
mkdirSync(images, { recursive: true })

const sandbox = await startSandbox(['--data', ':memory:', '--port', '4040'])
const browser = await launchChromium()

async function picture(
  name: string,
  options: BrowserContextOptions,
  { email, company, language = 'en' }: { email: string; company: string; language?: string },
) {
  const context = await newContext(browser, { deviceScaleFactor: 2, ...options })
  const page = await context.newPage()
  const { origin, client_id, password } = sandbox.facts
  const query = { client_id, redirect_uri: `${origin}/callback`, ui_locales: language }
  await page.goto(`${origin}/oauth/authorize?${new URLSearchParams(query)}`)
  await page.fill('input[name=email]', email)
  await page.fill('input[name=password]', password)
  await page.click('main button[type=submit]')
  await page.getByRole('radio', { name: company }).check()
  await page.screenshot({ path: join(images, `${name}-company.png`) })
  await page.click('main button[type=submit] >> nth=0')
  await page.waitForSelector('button[value=allow]')
  await page.screenshot({ path: join(images, `${name}-consent.png`) })
  await context.close()
}

const bond = { email: 'james.bond@mi6.example', company: 'Universal Exports' }
await picture('wide', { viewport: { width: 900, height: 720 } }, bond)
await picture('phone', { viewport: { width: 360, height: 720 }, colorScheme: 'dark' }, bond)
await picture(
  'arabic',
  { viewport: { width: 360, height: 720 } },
  { email: 'elektra.king@osato-chemicals.example', company: 'Osato Chemicals', language: 'ar' },
)

/** The consoles, once the app is installed at MI6. */
async function picturesOfConsoles() {
  const context = await newContext(browser, { deviceScaleFactor: 2, viewport: { width: 900, height: 720 } })
  const page = await context.newPage()
  const { origin, client_id } = sandbox.facts
  const signInAs = async (role: string) => {
    await page.goto(origin)
    await page.click(`button[name=role][value=${role}]`)
  }
  await signInAs('account')
  await page.waitForURL(`${origin}/account`)
  await page.goto(`${origin}/sandbox/install`)
  await page.getByRole('radio', { name: 'MI6' }).check()
  await page.click('main button[type=submit] >> nth=0')
  await page.click('button[value=allow]')
  await page.waitForURL(`${origin}/callback*`)
  await page.goto(`${origin}/account`)
  await page.screenshot({ path: join(images, 'console-account.png') })
  await page.goto(`${origin}/company/1/apps/${client_id}`)
  await page.screenshot({ path: join(images, 'console-company.png') })
  await signInAs('developer')
  await page.waitForURL(`${origin}/company/1/developer`)
  await page.goto(`${origin}/company/1/developer/new-app`)
  await page.fill('input[name=name]', 'Ledger')
  await page.fill('textarea', 'https://ledger.example/callback\nledger.example/callback')
  await page.waitForSelector('#checks .wrong')
  await page.screenshot({ path: join(images, 'console-developer.png') })
  await signInAs('operator')
  await page.waitForURL(`${origin}/operator`)
  await page.screenshot({ path: join(images, 'console-operator.png') })
  await context.close()
}
await picturesOfConsoles()

await sandbox.stop()

const branded = await startBrandedProvider()

/** The sign-in and consent pages of a platform with a brand, in Arabic: `brand-WIDTH-SCHEME-PAGE.png`. */
async function picturesOfBrand(width: number, colorScheme: 'light' | 'dark') {
  const context = await newContext(browser, { deviceScaleFactor: 1, viewport: { width, height: 800 }, colorScheme })
  const page = await context.newPage()
  const shoot = (what: string) =>
    page.screenshot({ path: join(images, `brand-${width}-${colorScheme}-${what}.png`), fullPage: true })
  await branded.open(page, 'verified', 'ar')
  await shoot('sign-in')
  await branded.goToConsent(page)
  await shoot('consent')
  await branded.open(page, 'look-alike', 'ar')
  await shoot('company')
  await page.click('main button[type=submit] >> nth=0')
  await page.waitForSelector('button[value=allow]')
  await shoot('look-alike')
  await context.close()
}

for (const width of [360, 1280]) for (const scheme of ['light', 'dark'] as const) await picturesOfBrand(width, scheme)
await branded.close()

/** Field Notes with two companies and two notes, after one company was removed and connected again. */
async function pictureOfFieldNotes(
  name: string,
  options: BrowserContextOptions,
  { email, companies, notes }: { email: string; companies: [string, string]; notes: string[] },
) {
  const context = await newContext(browser, { deviceScaleFactor: 2, ...options })
  const page = await context.newPage()
  const { origin, install_url, provider } = example.facts
  const allow = async (company: string) => {
    await page.getByRole('radio', { name: company }).check()
    await page.click('main button[type=submit] >> nth=0')
    await page.click('button[value=allow]')
    await page.waitForURL(`${origin}/connect/done`)
  }
  await page.goto(install_url)
  await page.fill('input[name=email]', email)
  await page.fill('input[name=password]', provider.password)
  await page.click('main button[type=submit]')
  await allow(companies[0])
  await page.screenshot({ path: join(images, `${name}-connected.png`) })
  await page.goto(origin)
  await page.click('.add button')
  await allow(companies[1])
  await page.goto(origin)
  for (const note of notes) {
    await page.fill('textarea', note)
    await page.click('.write button')
    await page.getByText(note).waitFor()
  }
  await page.screenshot({ path: join(images, `${name}-field-notes.png`) })
  await context.close()
}

const folder = temporaryFolder()
const example = await startExample(folder.path)
await pictureOfFieldNotes(
  'wide',
  { viewport: { width: 1100, height: 760 } },
  {
    email: 'james.bond@mi6.example',
    companies: ['MI6', 'Universal Exports'],
    notes: ['Return the car to Q. Most of it.', 'Universal Exports wants the Tallinn contract by Friday.'],
  },
)
await pictureOfFieldNotes(
  'arabic',
  { viewport: { width: 360, height: 900 } },
  {
    email: 'elektra.king@osato-chemicals.example',
    companies: ['MI6', 'Osato Chemicals'],
    notes: ['اسأل كيو عن السيارة.'],
  },
)
await example.stop()
folder.remove()
await browser.close()
console.log(`The pictures are in ${images}.`)
