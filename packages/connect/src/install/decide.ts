import { ConnectError } from '../errors.ts'
import type { Link } from '../links/link.ts'
import type { Identity } from '../provider/identity.ts'

/** What the app is asked at each install. */
export interface InstallQuestion {
  /** Who installed, at which company: checked with the provider just now. */
  identity: Identity
  /** The link that this identity has already, whatever its e-mail is by now. */
  link: Link | undefined
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

/** This account: the link's own, or the signed-in one when its owner asked for the link. */
export function useAccount(accountId: string): InstallAnswer {
  return { kind: 'use', accountId }
}

/**
 * A new account. `create` makes it and gives back its id; it runs once for an identity, unless the process dies
 * before the link is kept: keep `identity.key` in a unique column to have no orphan even then.
 */
export function createAccount(create: () => string | Promise<string>): InstallAnswer {
  return { kind: 'create', create }
}

/** No account; the person is shown the message. */
export function refuse(message: string): InstallAnswer {
  return { kind: 'refuse', message }
}

/** What the answer comes to. */
export type Decision = { accountId: string } | { create: () => string | Promise<string> }

/**
 * Holds the app's answer against the rules that no app can break by mistake: a link's account changes only by an explicit
 * move, and an account gets a link only by being made for it, or when its signed-in owner asked.
 * @throws {ConnectError} `link_refused`, `link_belongs_to_another_account`, `link_needs_consent`, `account_not_proved`
 */
export function decide(answer: InstallAnswer, { link, account, intent, identity }: InstallQuestion): Decision {
  if (answer.kind === 'refuse') throw new ConnectError('link_refused', answer.message)
  if (link) {
    if (answer.kind === 'use' && answer.accountId === link.accountId) return { accountId: link.accountId }
    throw belongsToAnother(identity)
  }
  if (answer.kind === 'create') return { create: answer.create }
  if (answer.accountId === account) {
    if (intent === 'link') return { accountId: account }
    throw new ConnectError('link_needs_consent', 'The owner of the signed-in account has not asked for this company.')
  }
  throw new ConnectError(
    'account_not_proved',
    `onInstall answered with the account ${answer.accountId}, which is neither linked to this identity nor signed in. An e-mail that looks the same is no proof: answer with createAccount(), or let the account's owner sign in and add the company.`,
  )
}

/** An owner who wants a company added is never signed in to somebody else's account instead. */
export function requireFree({ link, account, intent, identity }: InstallQuestion): void {
  if (intent === 'link' && link && link.accountId !== account) throw belongsToAnother(identity)
}

function belongsToAnother({ userId, companyId }: Identity): ConnectError {
  return new ConnectError(
    'link_belongs_to_another_account',
    `User ${userId} at company ${companyId} belongs to another account. Its owner can move it: links.move().`,
  )
}
