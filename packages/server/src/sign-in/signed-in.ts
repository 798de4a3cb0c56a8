import { readCookie } from '../http/cookies.ts'
import type { PageContext, RouteStep } from '../http/environment.ts'
import { followHost } from './external/host.ts'
import { readSession } from './session.ts'

/** The step before every page: sets `signedIn` to the user who is signed in in this browser, if any. */
export const findSignedIn: RouteStep = async (c, next) => {
  await readSignedIn(c)
  await next()
}

/** The same for a request without steps. */
export async function readSignedIn(c: PageContext) {
  await readBrowserSession(c)
  if (c.var.runtime.settings.login?.signIn) await followHost(c)
}

/** The same without asking the platform that the provider is mounted in. */
export const findBrowserSession: RouteStep = async (c, next) => {
  await readBrowserSession(c)
  await next()
}

async function readBrowserSession(c: PageContext) {
  const sessionId = readCookie(c, 'session')
  c.set('signedIn', sessionId ? await readSession(c.var.runtime, sessionId) : undefined)
}

/** The step before a user's own pages: leads others to sign in first. */
export const requireSignedIn: RouteStep = async (c, next) => {
  if (c.var.signedIn) return next()
  return c.redirect(`/sign-in?${new URLSearchParams({ return_to: c.req.path })}`, 303)
}
