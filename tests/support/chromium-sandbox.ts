import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { launchChromium, newContext } from './chromium.ts'
import { makeTestDatabase, type TestDatabase } from './database.ts'
import { type RunningSandbox, startSandbox } from './sandbox-process.ts'

/** The sandbox of the test file, and a browser. */
export let sandbox: RunningSandbox
export let browser: Browser
export let database: TestDatabase

/** Gives the tests of a file a sandbox and Chromium; they are this module's exports. */
export function useSandboxInChromium(): void {
  beforeAll(async () => {
    database = await makeTestDatabase()
    sandbox = await startSandbox(database.flags)
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await sandbox?.stop()
    await database?.remove()
  })
}

/** In a browser window of its own. */
export async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
  return (await newContext(browser, options)).newPage()
}

/** An address of the sandbox. */
export function at(path: string): string {
  return sandbox.facts.origin + path
}

/** Fills in the sign-in page. */
export async function signIn(page: Page, email: string, password: string = sandbox.facts.password): Promise<void> {
  await page.fill('input[name=email]', email)
  await page.fill('input[name=password]', password)
  await page.click('main form button[type=submit]')
}

/** One click on the home page of the sandbox. */
export async function signInAs(page: Page, role: 'account' | 'company' | 'developer' | 'operator'): Promise<void> {
  await page.goto(at('/'))
  await page.click(`button[name=role][value=${role}]`)
}
