export {
  type AdminKeyFacts,
  createAdminKey,
  listAdminKeys,
  type NewAdminKey,
  revokeAdminKey,
} from './admin-api/admin-keys.ts'
export { type AppOwnerKey, addAppOwner, removeAppOwner } from './apps/app-owners.ts'
export {
  type AppDecision,
  type CompanyPolicy,
  type CompanyPolicyChange,
  removeAppAt,
  setAppPolicy,
  setCompanyPolicy,
} from './apps/app-policies.ts'
export { decideAppRequest } from './apps/app-requests.ts'
export { type App, type AppChange, createApp, type NewApp, setApp, setDisabled } from './apps/apps.ts'
export { type ClientSecretFacts, listSecrets, rotateSecret } from './apps/client-secrets.ts'
export {
  type CompanyInstallationChange,
  changeCompanyInstallation,
  setMemberAccess,
} from './apps/company-installations.ts'
export { deleteApp } from './apps/delete-app.ts'
export { narrowInstallation, removeInstallation } from './apps/installations.ts'
export { type ChainCut, type ChainReport, verifyChain } from './audit/chain.ts'
export {
  type CompanyChange,
  createCompany,
  deleteCompany,
  type NewCompany,
  releaseDomain,
  setCompany,
  setSuspended,
} from './companies/companies.ts'
export { deleteUser } from './companies/delete-user.ts'
export { eraseUser, exportUser, type UserExport } from './companies/erase-user.ts'
export { InputError } from './companies/input.ts'
export { setCompanyLogo } from './companies/logo.ts'
export {
  addMember,
  type MembershipProfile,
  type NewMembership,
  removeMember,
  setMember,
} from './companies/memberships.ts'
export { addOperator, removeOperator } from './companies/operators.ts'
export { createUser, type NewUser, setActive, setUser, type UserChange } from './companies/users.ts'
export type { ExternalUser, SignIn, SignInRequest } from './config/external-pages.ts'
export type { ChangedSettings, SettingChanges } from './config/live-settings.ts'
export type { Runtime } from './config/runtime.ts'
export { SettingsError } from './config/settings.ts'
export type { ResourceServer } from './resource-servers/resource-server.ts'
export {
  createResourceServer,
  deleteResourceServer,
  type NewResourceServer,
  type ResourceServerChange,
  rotateResourceServerSecret,
  setResourceServer,
} from './resource-servers/resource-servers.ts'
export { createTenantry, type Tenantry, type TenantryOptions } from './server.ts'
export { changeSettings } from './settings/change-settings.ts'
export { forgetAttempts } from './sign-in/attempt-limits.ts'
export { setPassword } from './sign-in/password.ts'
export type { PostgresOptions } from './store/postgres/options.ts'
export type { CompanyRow } from './store/queries/companies.ts'
export type { MembershipRow } from './store/queries/memberships.ts'
export type { UserRow } from './store/queries/users.ts'
export type { SqliteOptions } from './store/sqlite/sqlite-store.ts'
export { StoreOpenError } from './store/store.ts'
