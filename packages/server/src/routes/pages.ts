import { companyLogoFile } from '../apps/company-logo.ts'
import { connectedApps, removeConnectedApp } from '../apps/connected-apps.ts'
import { appIcon } from '../apps/icon.ts'
import { narrowConnectedApp, narrowingForm } from '../apps/narrow-connected-app.ts'
import { account, endOtherSessions } from '../console/account.ts'
import { changeEmailAddress } from '../console/account-email.ts'
import { changePassword } from '../console/account-password.ts'
import { showDeliveriesOf } from '../console/app-deliveries.ts'
import type { EnterApp, EnterDesk } from '../console/app-desk.ts'
import { editAppFormOf, editAppOf, newAppFormOf, registerAppOf } from '../console/app-form.ts'
import { changeOwnersOf } from '../console/app-owners.ts'
import { showAppOf } from '../console/app-page.ts'
import { narrowPerson } from '../console/app-people.ts'
import { rotateSecretOf } from '../console/app-secret.ts'
import { companyApp, decideOnApp, removeAppForAll } from '../console/company-app.ts'
import { companyApps } from '../console/company-apps.ts'
import { changeAccess, changeInstallation } from '../console/company-installation.ts'
import { companyLog } from '../console/company-log.ts'
import { companyMembers, invite, withdraw } from '../console/company-members.ts'
import { answerRequest, companyRequests } from '../console/company-requests.ts'
import { companyRules, saveRules } from '../console/company-rules.ts'
import { deleteOwnApp, developerApps } from '../console/developer-apps.ts'
import { developerAppDesk, developerDesk } from '../console/developer-desk.ts'
import { accept, acceptWithNewAccount, showInvitation } from '../console/invitation.ts'
import { changeOperatorApp } from '../console/operator-app.ts'
import { operatorCallbacks, sendAgain } from '../console/operator-callbacks.ts'
import { operatorAppDesk, operatorDesk } from '../console/operator-desk.ts'
import { operatorOverview } from '../console/operator-overview.ts'
import { operatorCompany, operatorLog, operatorResourceServer, operatorUser } from '../console/operator-records.ts'
import { operatorSearch, searchPlatform } from '../console/operator-search.ts'
import { finishTry, tryAppOf } from '../console/try-app.ts'
import { authorizationPurpose, tellRefusal } from '../oauth/authorize.ts'
import { deviceAllowed, deviceDenied, deviceForm, enterDeviceCode } from '../oauth/device-page.ts'
import { logout } from '../openid/logout.ts'
import { checkUrisAsset, checkUrisScriptPath, faviconAsset, stylesheetAsset, stylesheetPath } from '../pages/assets.ts'
import { brandLogo, brandStyle } from '../pages/brand.ts'
import { switchLanguage } from '../pages/language-switch.ts'
import { limitByAddress } from '../rate-limits/limit-requests.ts'
import { confirmEmail, confirmEmailForm } from '../sign-in/change-email.ts'
import { signInReturn } from '../sign-in/external/return.ts'
import { askForPasswordMail, forgottenPassword } from '../sign-in/forgotten-password.ts'
import { resetPassword, resetPasswordForm } from '../sign-in/reset-password.ts'
import { signIn, signInForm } from '../sign-in/sign-in.ts'
import { signOut, signOutForm } from '../sign-in/sign-out.ts'
import { findBrowserSession, findSignedIn, requireSignedIn } from '../sign-in/signed-in.ts'
import { answerAsPage, authorizationPages } from './authorization-pages.ts'
import type { RouteGroup } from './route-group.ts'

/** What people see, and every path that no other group has. Errors are pages in the person's language. */
export const pageRoutes: RouteGroup = {
  paths: ['*'],
  errorFormat: answerAsPage,
  addTo(app) {
    app.use('/oauth/authorize/*', limitByAddress('authorize'), findSignedIn)
    for (const { method, path, handler } of authorizationPages) app.on(method, path, handler)
    app.use('/device/*', limitByAddress('authorize'), findSignedIn)
    app.get('/device', deviceForm)
    app.post('/device', enterDeviceCode)
    app.get('/device/allowed', deviceAllowed)
    app.get('/device/denied', deviceDenied)
    app.use('/sign-in', findSignedIn)
    app.get('/sign-in/return', findBrowserSession, signInReturn(tellRefusal))
    app.get('/sign-in', signInForm)
    app.post('/sign-in', signIn(authorizationPurpose))
    app.use('/forgotten-password', limitByAddress('authorize'))
    app.get('/forgotten-password', forgottenPassword)
    app.post('/forgotten-password', askForPasswordMail)
    app.use('/confirm-email', limitByAddress('authorize'))
    app.get('/confirm-email', confirmEmailForm)
    app.post('/confirm-email', confirmEmail)
    app.use('/reset-password', limitByAddress('authorize'))
    app.get('/reset-password', resetPasswordForm)
    app.post('/reset-password', resetPassword)
    app.use('/oauth/logout', limitByAddress('authorize'), findSignedIn)
    app.on(['GET', 'POST'], '/oauth/logout', logout)
    app.use('/sign-out', findSignedIn)
    app.get('/sign-out', signOutForm)
    app.post('/sign-out', signOut)
    app.use('/connected-apps/*', findSignedIn)
    app.get('/connected-apps', requireSignedIn, connectedApps)
    app.post('/connected-apps/remove', removeConnectedApp)
    app.get('/connected-apps/scopes', requireSignedIn, narrowingForm)
    app.post('/connected-apps/scopes', narrowConnectedApp)
    app.use('/account/*', findSignedIn)
    app.get('/account', requireSignedIn, account)
    app.post('/account/email', changeEmailAddress)
    app.post('/account/password', changePassword)
    app.post('/account/sessions/end', endOtherSessions)
    app.use('/company/*', findSignedIn, requireSignedIn)
    app.get('/company/:company_id', companyApps)
    app.get('/company/:company_id/apps/:client_id', companyApp)
    app.post('/company/:company_id/apps/:client_id/decision', decideOnApp)
    app.post('/company/:company_id/apps/:client_id/installation', changeInstallation)
    app.post('/company/:company_id/apps/:client_id/access', changeAccess)
    app.post('/company/:company_id/apps/:client_id/person', narrowPerson)
    app.post('/company/:company_id/apps/:client_id/remove', removeAppForAll)
    app.get('/company/:company_id/members', companyMembers)
    app.post('/company/:company_id/members/invite', invite)
    app.post('/company/:company_id/members/withdraw', withdraw)
    app.get('/company/:company_id/requests', companyRequests)
    app.post('/company/:company_id/requests', answerRequest)
    app.get('/company/:company_id/rules', companyRules)
    app.post('/company/:company_id/rules', saveRules)
    app.get('/company/:company_id/log', companyLog)
    app.use('/operator/*', findSignedIn, requireSignedIn)
    app.get('/operator', operatorOverview)
    app.get('/operator/search', operatorSearch)
    app.post('/operator/search', searchPlatform)
    app.get('/operator/callbacks', operatorCallbacks)
    app.post('/operator/callbacks', sendAgain)
    app.get('/operator/log', operatorLog)
    app.get('/operator/users/:user_id', operatorUser)
    app.get('/operator/companies/:company_id', operatorCompany)
    app.get('/operator/resource-servers/:resource_server_id', operatorResourceServer)
    app.post('/operator/apps/:client_id', changeOperatorApp)
    addAppDesk(app, '/operator', operatorDesk, operatorAppDesk)
    app.get('/company/:company_id/developer', developerApps)
    app.post('/company/:company_id/developer/apps/:client_id/delete', deleteOwnApp)
    addAppDesk(app, '/company/:company_id/developer', developerDesk, developerAppDesk)
    app.get('/try-app', findSignedIn, requireSignedIn, finishTry)
    app.use('/invitation/*', limitByAddress('authorize'), findSignedIn)
    app.get('/invitation', showInvitation)
    app.post('/invitation', accept)
    app.post('/invitation/account', acceptWithNewAccount)
    app.get(stylesheetPath, stylesheetAsset)
    app.get(checkUrisScriptPath, checkUrisAsset)
    app.get('/brand/logo', brandLogo)
    app.get('/brand/style.css', brandStyle)
    app.get('/favicon.svg', faviconAsset)
    app.get('/favicon.ico', faviconAsset)
    app.post('/language', switchLanguage)
    app.get('/apps/:client_id/icon', appIcon)
    app.get('/companies/:company_id/logo', findSignedIn, companyLogoFile)
    app.get('/', c => c.redirect('/connected-apps', 302))
  },
}

/** Where apps are registered and looked after. */
function addAppDesk(app: Parameters<RouteGroup['addTo']>[0], base: string, enter: EnterDesk, enterApp: EnterApp) {
  app.get(`${base}/new-app`, newAppFormOf(enter))
  app.post(`${base}/new-app`, registerAppOf(enter))
  app.get(`${base}/apps/:client_id`, showAppOf(enterApp))
  app.get(`${base}/apps/:client_id/edit`, editAppFormOf(enterApp))
  app.post(`${base}/apps/:client_id/edit`, editAppOf(enterApp))
  app.post(`${base}/apps/:client_id/secret`, rotateSecretOf(enterApp))
  app.get(`${base}/apps/:client_id/deliveries`, showDeliveriesOf(enterApp))
  app.post(`${base}/apps/:client_id/owners`, changeOwnersOf(enterApp))
  app.post(`${base}/apps/:client_id/try`, tryAppOf(enterApp))
}
