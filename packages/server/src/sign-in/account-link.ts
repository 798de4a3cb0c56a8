import type { Runtime } from '../config/runtime.ts'
import { LINK_LIFETIME } from '../mail/write-mail.ts'
import { isTooFarAhead } from '../store/clock-skew.ts'
import { type AccountLinkRow, findAccountLink } from '../store/queries/account-links.ts'
import { findUser, type UserRow } from '../store/queries/users.ts'
import { hashSecret } from '../tokens/token-text.ts'

/** The link that a token from a mail names, and its user, while both are good. */
export async function findGoodLink(
  { store, clock }: Runtime,
  purpose: AccountLinkRow['purpose'],
  token = '',
): Promise<{ link: AccountLinkRow; user: UserRow } | undefined> {
  const [idText = '', secret = ''] = token.split('.')
  const userId = Number(idText)
  if (!/^[1-9]\d{0,15}$/.test(idText) || !Number.isSafeInteger(userId)) return undefined
  const [link, user] = await Promise.all([findAccountLink(store, userId, hashSecret(secret)), findUser(store, userId)])
  const now = clock()
  const isGood =
    link?.purpose === purpose &&
    now < link.expires_at &&
    !isTooFarAhead(link.expires_at, now, LINK_LIFETIME) &&
    user?.active === 1 &&
    user.deleted_at === null
  return isGood ? { link, user } : undefined
}
