import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContextOptions } from 'playwright-core'
import { launchChromium, newContext } from '../tests/support/chromium.ts'
import { REPOSITORY, startSandbox } from '../tests/support/sandbox-process.ts'

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

await browser.close()
await sandbox.stop()
console.log(`The pictures are in ${images}.`)
