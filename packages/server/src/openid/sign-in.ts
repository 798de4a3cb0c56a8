import type { SignedIn } from '../http/environment.ts'
import { sidOf } from '../sign-in/session.ts'
import type { SessionRow } from '../store/queries/sessions.ts'

/** How someone signed in, as an ID token tells it. */
export interface SignIn {
  /** Of the request, which it goes back to unchanged. */
  nonce?: string | undefined
  /** Seconds since 1970. */
  authTime: number
  /** In the words of RFC 8176. */
  methods: string[]
  /** What the session is called towards apps. */
  sid: string
}

/** How the person in this browser signed in. */
export function describeSignIn({ session }: Pick<SignedIn, 'session'>, nonce?: string): SignIn {
  return {
    nonce,
    authTime: authenticatedAt(session),
    methods: session.methods?.split(' ') ?? ['pwd'],
    sid: sidOf(session),
  }
}

/** When the person last proved who they are, in seconds since 1970. */
export function authenticatedAt(session: Pick<SessionRow, 'authenticated_at' | 'created_at'>): number {
  return Math.floor((session.authenticated_at ?? session.created_at) / 1000)
}

/** As a code and its refresh tokens keep it. */
export function storeSignIn(signIn: SignIn): string {
  return JSON.stringify(signIn)
}

export function readSignIn(stored: string): SignIn {
  return JSON.parse(stored) as SignIn
}

/** What refresh tokens keep: an ID token from a refresh has no nonce (OpenID Connect Core section 12.2). */
export function withoutNonce(stored: string | null): string | null {
  if (stored === null) return null
  const { nonce, ...signIn } = readSignIn(stored)
  return storeSignIn(signIn)
}
