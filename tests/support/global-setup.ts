import { ensureChromium } from './chromium-path.ts'
import { startPostgres } from './postgres.ts'

/** What the tests need of the machine, once, before any of them runs. */
export async function setup() {
  ensureChromium()
  return startPostgres()
}
