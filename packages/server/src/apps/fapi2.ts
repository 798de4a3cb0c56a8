import type { App } from './app.ts'

/** How clients of the profile sign (FAPI 2.0 Security Profile section 5.4.1). */
export const FAPI2_ALGORITHMS = ['ES256', 'Ed25519', 'EdDSA', 'PS256']
/** The longest that a code is good for, in seconds (section 5.3.2.2). */
export const FAPI2_CODE_LIFETIME = 60

/** Whether an app is held to the FAPI 2.0 Security Profile: nothing weaker is accepted from it. */
export function isFapi2({ profile }: Pick<App, 'profile'>): boolean {
  return profile === 'fapi2'
}

/** What an app of this profile is, as far as it is known. */
export interface Fapi2Facts {
  hasKeys: boolean
  requirePkce?: boolean | undefined
  requirePar?: boolean | undefined
  requireDpop?: boolean | undefined
  deviceFlow?: boolean | undefined
  idTokenAlgorithm?: string | undefined
  redirectUris?: readonly string[] | undefined
}

/** What such an app must not be, by the entry that says so. */
export function fapi2Mistakes(app: Fapi2Facts): { path: string; message: string }[] {
  const mistakes: { path: string; message: string }[] = []
  const refuse = (path: string, message: string) => mistakes.push({ path, message: `the profile fapi2 ${message}` })
  if (!app.hasKeys) refuse('profile', 'needs an app that authenticates with keys: register it with jwks or jwksUri')
  if (app.requirePkce === false) refuse('requirePkce', 'requires PKCE')
  if (app.requirePar === false) refuse('requirePar', 'requires pushed requests')
  if (app.requireDpop === false) refuse('requireDpop', 'requires DPoP')
  if (app.deviceFlow === true) refuse('deviceFlow', 'has no device flow')
  if (app.idTokenAlgorithm === 'RS256') refuse('idTokenAlgorithm', 'allows ES256 and EdDSA')
  for (const uri of app.redirectUris ?? []) {
    if (!/^https?:/.test(uri)) refuse('redirectUris', `requires https: ${uri}`)
  }
  return mistakes
}
