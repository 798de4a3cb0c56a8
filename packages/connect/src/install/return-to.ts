import { ConnectError } from '../errors.ts'

/** It travels in a cookie, and browsers drop long ones. */
const MAX_LENGTH = 1024

/** Characters that a browser drops or turns round, which could make another site's address of a path. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const TRICKS = /[\\\u0000-\u001f\u007f]/

/**
 * A path on this app, or null where none is given.
 * @throws {ConnectError} `return_to_invalid` for anything that could lead elsewhere
 */
export function checkReturnTo(returnTo: string | null): string | null {
  if (returnTo === null || returnTo === '') return null
  const base = new URL('http://app.invalid')
  const resolved = URL.canParse(returnTo, base) ? new URL(returnTo, base) : undefined
  const isLocal =
    returnTo.length <= MAX_LENGTH &&
    /^\/(?!\/)/.test(returnTo) &&
    !TRICKS.test(returnTo) &&
    resolved?.origin === base.origin &&
    !resolved.pathname.startsWith('//')
  if (!isLocal)
    throw new ConnectError(
      'return_to_invalid',
      `returnTo must be a path on this app, such as /settings, of at most ${MAX_LENGTH} characters.`,
    )
  return `${resolved.pathname}${resolved.search}${resolved.hash}`
}
