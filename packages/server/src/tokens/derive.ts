import { authenticate } from '../config/keys.ts'
import { type AccessTokenKind, formatToken, toSecret } from './token-text.ts'

/** The refresh token that follows `presented`: the same for every retry, and unknown without the key. */
export function deriveRefreshToken(key: Uint8Array, companyId: number, presented: string): string {
  return formatToken('rt', companyId, toSecret(authenticate(key, 'refresh', presented)))
}

/** The access token that comes with it; the next `generation` follows once this one has ended. */
export function deriveAccessToken(
  key: Uint8Array,
  kind: AccessTokenKind,
  companyId: number,
  presented: string,
  generation: number,
): string {
  return formatToken(kind, companyId, toSecret(authenticate(key, 'access', String(generation), presented)))
}
