import { timingSafeEqual } from 'node:crypto'
import { authenticate } from '../config/keys.ts'
import { randomSecret } from '../config/random.ts'
import { readCookie, writeCookie } from '../http/cookies.ts'
import type { PageContext } from '../http/environment.ts'

const YEAR = 365 * 24 * 3600

/** Marks this browser as one that was signed in to the account. It opens nothing; it only counts attempts apart. */
export function rememberBrowser(c: PageContext, email: string) {
  const id = randomSecret(12).toString('base64url')
  writeCookie(c, 'known_browser', `${id}.${mark(c.var.runtime.keys.knownBrowser[0]!, id, email)}`, YEAR)
}

/** The id of the cookie, if this browser has one for the account. */
export function knownBrowser(c: PageContext, email: string): string | undefined {
  const [id, given] = (readCookie(c, 'known_browser') ?? '').split('.')
  if (!id || !given) return undefined
  const matches = c.var.runtime.keys.knownBrowser.some(key => {
    const expected = Buffer.from(mark(key, id, email))
    const actual = Buffer.from(given)
    return expected.length === actual.length && timingSafeEqual(expected, actual)
  })
  return matches ? id : undefined
}

function mark(key: Uint8Array, id: string, email: string): string {
  return authenticate(key, id, email).toString('base64url')
}
