import type { Id } from './ids.ts'
import type { Link } from './link.ts'
import type { Identity } from './provider/identity.ts'

/** What the app is asked at each install. */
export interface InstallQuestion<I extends Id = number> {
  /**
   * Who installed, at which company: checked with the provider just now. Where `kind` is `company`, the app is installed for everyone
   * there: this is the company's app user, and `installedBy` the administrator. Answer with an account of the company, which no one
   * signs in to; the administrator's own install follows.
   */
  identity: Identity<I>
  /** The link that this identity has already, whatever its e-mail is by now. */
  link: Link<I> | undefined
  /** The account that is signed in to the app. */
  account: string | null
  /** `link` when that account's owner asked to add a company to it; `install` for an install or a sign-in. */
  intent: 'install' | 'link'
  request: Request
}

/** Whose account an install belongs to. */
export type InstallAnswer =
  | { kind: 'use'; accountId: string }
  | { kind: 'create'; create: () => string | Promise<string> }
  | { kind: 'refuse'; message: string }

/**
 * This account: the link's own, or the signed-in one when its owner asked for the link.
 * @example
 * ```ts
 * import { useAccount } from '@tenantry/connect'
 * const answer = useAccount('account-1')
 * console.log(answer.kind)
 * ```
 */
export function useAccount(accountId: string): InstallAnswer {
  return { kind: 'use', accountId }
}

/**
 * A new account. `create` makes it and gives back its id; it runs once for an identity, unless the process dies
 * before the link is stored: put `identity.key` in a unique column to avoid an orphan even then.
 * @example
 * ```ts
 * import { createAccount } from '@tenantry/connect'
 * const answer = createAccount(async () => 'account-2')
 * console.log(answer.kind)
 * ```
 */
export function createAccount(create: () => string | Promise<string>): InstallAnswer {
  return { kind: 'create', create }
}

/**
 * No account; the person is shown the message.
 * @example
 * ```ts
 * import { refuse } from '@tenantry/connect'
 * const answer = refuse('Your company has no contract with us yet.')
 * console.log(answer.kind)
 * ```
 */
export function refuse(message: string): InstallAnswer {
  return { kind: 'refuse', message }
}
