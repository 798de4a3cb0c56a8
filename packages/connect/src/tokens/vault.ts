import type { Keyring } from '../keys/keyring.ts'
import type { TokenSet } from '../provider/token-answer.ts'
import type { LinkKey, StoredLink } from '../store/store.ts'

/** The secret half of a token set. */
export interface StoredTokens {
  accessToken: string
  refreshToken: string | null
}

/** Ties the encrypted tokens to their row: moved to another one they do not open. */
export function contextOf({ provider, companyId, userId }: LinkKey): string {
  return JSON.stringify([provider, companyId, userId])
}

/** A token set as a link keeps it. */
export async function keepTokens(
  keyring: Keyring,
  key: LinkKey,
  { accessToken, refreshToken, expiresAt }: TokenSet,
): Promise<Pick<StoredLink, 'tokens' | 'tokensExpireAt'>> {
  const plain: StoredTokens = { accessToken, refreshToken }
  return { tokens: await keyring.seal(JSON.stringify(plain), contextOf(key)), tokensExpireAt: expiresAt }
}

/** @throws {ConnectError} `tokens_unreadable` */
export async function openTokens(keyring: Keyring, link: StoredLink & { tokens: string }): Promise<StoredTokens> {
  return JSON.parse(await keyring.open(link.tokens, contextOf(link))) as StoredTokens
}
