import { ConnectError } from '../errors.ts'
import type { Id } from '../ids.ts'
import type { InstallAnswer, InstallQuestion } from '../install-answer.ts'
import type { Identity } from '../provider/identity.ts'

/** What the answer comes to. */
export type Decision = { accountId: string } | { create: () => string | Promise<string> }

/**
 * Holds the app's answer against the rules that no app can break by mistake: a link's account changes only by an explicit
 * move, and an account gets a link only by being made for it, or when its signed-in owner asked.
 * @throws {ConnectError} `link_refused`, `link_belongs_to_another_account`, `link_needs_consent`, `account_not_proved`
 */
export function decide(answer: InstallAnswer, { link, account, intent, identity }: InstallQuestion<Id>): Decision {
  if (answer.kind === 'refuse') throw new ConnectError('link_refused', answer.message)
  if (link) {
    if (answer.kind === 'create')
      throw notProved('with a new account for an identity that has one: answer useAccount(link.accountId)')
    if (answer.accountId === link.accountId) return { accountId: link.accountId }
    throw belongsToAnother(identity)
  }
  if (answer.kind === 'create') return { create: answer.create }
  if (answer.accountId === account) {
    if (intent === 'link') return { accountId: account }
    throw new ConnectError('link_needs_consent', 'The owner of the signed-in account has not asked for this company.')
  }
  throw notProved(
    `with the account ${answer.accountId}, which is neither linked to this identity nor signed in. An e-mail that looks the same is no proof: answer with createAccount(), or let the account's owner sign in and add the company`,
  )
}

function notProved(how: string): ConnectError {
  return new ConnectError('account_not_proved', `onInstall answered ${how}.`)
}

/** An owner who wants to add a company is never signed in to another account instead. */
export function requireFree({ link, account, intent, identity }: InstallQuestion<Id>): void {
  if (intent === 'link' && link && link.accountId !== account) throw belongsToAnother(identity)
}

function belongsToAnother({ userId, companyId }: Identity<Id>): ConnectError {
  return new ConnectError(
    'link_belongs_to_another_account',
    `User ${userId} at company ${companyId} belongs to another account. Its owner can move it: links.move().`,
  )
}
