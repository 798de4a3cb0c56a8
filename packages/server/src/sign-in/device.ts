import { createRequire } from 'node:module'
import type Bowser from 'bowser'

const require = createRequire(import.meta.url)
/** Loaded with the first sign-in. */
const bowser = () => require('bowser') as typeof Bowser

const MAX_HEADER = 500

/** What a person recognises a browser by, such as `Firefox · Linux`; null where it does not say. */
export function describeDevice(userAgent: string | undefined): string | null {
  if (userAgent === undefined) return null
  const { browser, os } = bowser().parse(userAgent.slice(0, MAX_HEADER))
  const names = [browser.name, os.name].filter(name => name !== undefined && name !== '')
  return names.length === 0 ? null : names.join(' · ').slice(0, 100)
}
