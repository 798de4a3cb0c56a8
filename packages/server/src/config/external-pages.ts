import { z } from 'zod'

/** What is known of a request that needs someone to sign in. */
export interface SignInRequest {
  /** Where to send the browser once the person is signed in: an address at the provider. */
  returnTo: string
  /** Whether the person must sign in again, or choose another account, though they are signed in. */
  reauthenticate: boolean
  /** The app that asks, if one does. */
  clientId?: string
  /** The e-mail that the app expects. */
  loginHint?: string
  /** The languages that the app asks for (BCP 47, separated by spaces). */
  uiLocales?: string
  /** The company that the app expects. */
  companyId?: number
}

/** Who is signed in, as the platform says. */
export interface ExternalUser {
  user_id: number
  /** When they proved who they are, in seconds since 1970; now by default. */
  auth_time?: number
  /** How (RFC 8176), such as `['pwd', 'otp']`. */
  amr?: string[]
  /** The only company at which the app may be allowed. */
  company_id?: number
  /** The only scopes that the app may be given. */
  scopes?: string[]
}

/**
 * Says who is signed in at the platform that the provider is mounted in, or answers with a response, such as a redirect
 * to its sign-in page.
 */
export type SignIn = (
  request: Request,
  about: SignInRequest,
) => ExternalUser | Response | Promise<ExternalUser | Response>

const pageAddress = z
  .string()
  .refine(isPageAddress, 'must be an https address, such as https://example.com/login; http on localhost only')

/** Public keys (RFC 7517 section 5). */
const publicKeys = z
  .strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1, 'must hold at least one key') })
  .refine(({ keys }) => !keys.some(key => 'd' in key || 'k' in key), 'must hold public keys only')

export const loginSchema = z
  .strictObject({
    url: pageAddress.optional(),
    publicKeys: publicKeys.optional(),
    signOutUrl: pageAddress.optional(),
    signIn: z.custom<SignIn>(value => typeof value === 'function', 'must be a function').optional(),
  })
  .refine(({ url, signIn }) => (url === undefined) !== (signIn === undefined), {
    message: 'give `url`, the address of your sign-in page, or `signIn`, a function',
    path: ['url'],
  })
  .refine(({ signIn, publicKeys }) => signIn === undefined || publicKeys === undefined, {
    message: 'are for `url`; `signIn` signs nothing',
    path: ['publicKeys'],
  })

export const consentSchema = z.strictObject({ url: pageAddress, publicKeys: publicKeys.optional() })

function isPageAddress(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, hash } = new URL(text)
  const isSafe = protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname))
  return isSafe && username === '' && hash === ''
}
