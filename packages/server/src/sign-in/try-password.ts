import { setTimeout as sleep } from 'node:timers/promises'
import { canonicalEmail } from '../companies/emails.ts'
import { clientAddress } from '../http/client-address.ts'
import type { PageContext } from '../http/environment.ts'
import type { UserRow } from '../store/queries/users.ts'
import { type AllowedAttempt, countAttempt } from './attempt-limits.ts'
import { knownBrowser } from './known-browser.ts'
import { holdsPassword } from './password.ts'

/** Milliseconds before a password is checked while the account is under attack from other networks. */
const SLOW_DOWN = 1000

/**
 * Checks a password within the limits of attempts on the account.
 * @param email as it was typed, where no user has it
 * @returns the attempt, whose `succeeded` is to be called once what follows is done; or what is wrong
 */
export async function tryPassword(
  c: PageContext,
  { user, email, password }: { user: UserRow | undefined; email: string; password: string },
): Promise<AllowedAttempt | 'wrong' | { wait: number }> {
  // One budget for all addresses of a user.
  const account = canonicalEmail(user?.email ?? email)
  const attempt = await countAttempt(c.var.runtime, {
    account,
    address: clientAddress(c),
    knownBrowser: knownBrowser(c, account),
  })
  if (!('succeeded' in attempt)) return attempt
  if (attempt.slowDown) await sleep(SLOW_DOWN)
  return (await holdsPassword(user, password)) ? attempt : 'wrong'
}
