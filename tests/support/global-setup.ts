import { ensureChromium } from './chromium-path.ts'

/** What the tests need of the machine, once, before any of them runs. */
export function setup() {
  ensureChromium()
}
