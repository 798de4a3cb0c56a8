import type { Database } from './database.ts'

const COOKIE = 'field_notes_session'

/** The account that is signed in, or null. */
export function accountOf(database: Database, request: Request): string | null {
  const session = sessionOf(request)
  return session === undefined ? null : database.findAccount(session)
}

/** Signs an account in: the one before in this browser is signed out. */
export function sessionCookie(database: Database, request: Request, accountId: string, origin: string): string {
  endSession(database, request)
  return `${COOKIE}=${database.createSession(accountId)}; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000${secureOn(origin)}`
}

export function endSession(database: Database, request: Request): void {
  const session = sessionOf(request)
  if (session !== undefined) database.endSession(session)
}

export function endedCookie(origin: string): string {
  return `${COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0${secureOn(origin)}`
}

function sessionOf(request: Request): string | undefined {
  const cookies = request.headers.get('Cookie') ?? ''
  return new RegExp(`(?:^|; )${COOKIE}=([^;]+)`).exec(cookies)?.[1]
}

function secureOn(origin: string): string {
  return origin.startsWith('https:') ? '; Secure' : ''
}
