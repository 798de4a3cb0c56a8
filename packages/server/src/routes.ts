import type { Hono } from 'hono'
import { connectedApps, removeConnectedApp } from './apps/connected-apps.ts'
import { appIcon } from './apps/icon.ts'
import { insertedWellKnown } from './http/base-path.ts'
import { corsFor } from './http/cors.ts'
import type { Environment, RouteStep } from './http/environment.ts'
import { healthz, readyz } from './http/health.ts'
import { getOnly, postOnly } from './http/not-allowed.ts'
import { authorizationPurpose, authorize } from './oauth/authorize.ts'
import { chooseCompany } from './oauth/choose-company.ts'
import { consent, consentForm } from './oauth/consent.ts'
import { introspect } from './oauth/introspect.ts'
import { metadata } from './oauth/metadata.ts'
import { revoke } from './oauth/revoke.ts'
import { token } from './oauth/token.ts'
import { faviconAsset, stylesheetAsset, stylesheetPath } from './pages/assets.ts'
import { switchLanguage } from './pages/language-switch.ts'
import { findSignedIn, requireSignedIn } from './sign-in/session.ts'
import { signIn, signInForm } from './sign-in/sign-in.ts'
import { signOut, signOutForm } from './sign-in/sign-out.ts'
import { usersMe, usersMePaths } from './users-me/users-me.ts'

/** Every route of the provider. */
export function addRoutes(app: Hono<Environment>, basePath: string) {
  // The API
  for (const path of usersMePaths) {
    app.use(path, apiCors)
    app.get(path, usersMe)
    app.all(path, getOnly)
  }

  // What apps' servers call
  for (const path of ['/oauth/token', '/oauth/token/']) {
    app.use(path, noStore, tokenCors)
    app.post(path, token)
    app.all(path, postOnly)
  }
  for (const [path, handler] of [
    ['/oauth/revoke', revoke],
    ['/oauth/introspect', introspect],
  ] as const) {
    app.use(path, noStore, tokenCors)
    app.post(path, handler)
    app.all(path, postOnly)
  }
  // Below the base path, and where RFC 8414 inserts it.
  for (const path of new Set(['', basePath].map(each => insertedWellKnown('oauth-authorization-server', each)))) {
    app.use(path, corsFor(['GET']))
    app.get(path, metadata)
  }

  // What people see
  app.use('/oauth/authorize/*', findSignedIn)
  app.get('/oauth/authorize', authorize)
  app.post('/oauth/authorize/company', chooseCompany)
  app.get('/oauth/authorize/consent', consentForm)
  app.post('/oauth/authorize/consent', consent)
  app.use('/sign-in', findSignedIn)
  app.get('/sign-in', signInForm)
  app.post('/sign-in', signIn(authorizationPurpose))
  app.use('/sign-out', findSignedIn)
  app.get('/sign-out', signOutForm)
  app.post('/sign-out', signOut)
  app.use('/connected-apps/*', findSignedIn)
  app.get('/connected-apps', requireSignedIn, connectedApps)
  app.post('/connected-apps/remove', removeConnectedApp)
  app.get(stylesheetPath, stylesheetAsset)
  app.get('/favicon.svg', faviconAsset)
  app.get('/favicon.ico', faviconAsset)
  app.post('/language', switchLanguage)
  app.get('/apps/:client_id/icon', appIcon)

  app.get('/', c => c.redirect('/connected-apps', 302))

  // What machines watch
  app.get('/healthz', healthz)
  app.get('/readyz', readyz)
}

const apiCors = corsFor(['GET', 'HEAD'])
const tokenCors = corsFor(['POST'])

/** RFC 6749 section 5.1, on errors too. */
const noStore: RouteStep = (c, next) => {
  c.header('Cache-Control', 'no-store')
  c.header('Pragma', 'no-cache')
  return next()
}
