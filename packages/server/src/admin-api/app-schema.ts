import { z } from '@hono/zod-openapi'
import { isPublished, REGISTERED_BY, registeredBy } from '../apps/app.ts'
import { appFields, INSTALLS, newAppFields } from '../apps/app-input.ts'
import type { App } from '../apps/apps.ts'
import { id } from '../companies/input.ts'
import { appRateLimitsSchema } from '../config/rate-limits.ts'
import { PROFILES } from '../tokens/scopes.ts'
import { formatTime, formatTimeOrNull, momentText } from './answers.ts'

const {
  redirectUris,
  requirePkce,
  requirePar,
  requireDpop,
  deviceFlow,
  jwks,
  jwksUri,
  uninstallUrl,
  allowSchemes,
  homeUrl,
  privacyUrl,
  termsUrl,
  rateLimits,
  idTokenAlgorithm,
  postLogoutRedirectUris,
  backchannelLogoutUrl,
  icon: _,
  ...sameNames
} = appFields
const changeable = {
  ...sameNames,
  redirect_uris: redirectUris,
  require_pkce: requirePkce,
  require_par: requirePar,
  require_dpop: requireDpop,
  device_flow: deviceFlow,
  jwks,
  jwks_uri: jwksUri,
  uninstall_url: uninstallUrl,
  home_url: homeUrl,
  privacy_url: privacyUrl,
  terms_url: termsUrl,
  rate_limits: rateLimits,
  allow_schemes: allowSchemes,
  id_token_algorithm: idTokenAlgorithm,
  post_logout_redirect_uris: postLogoutRedirectUris,
  backchannel_logout_url: backchannelLogoutUrl,
  disabled: z.boolean(),
  verified: z.boolean(),
}
const publishedInput = z.literal(true).openapi({
  description: 'Opens an app that a company develops to all companies. It cannot be taken back.',
})
export const appPatch = z
  .strictObject({
    ...changeable,
    published: publishedInput,
    company_id: id.nullable().openapi({
      description:
        'The company whose people develop it from now on; null for the operators. Not while it is for one company alone.',
    }),
  })
  .partial()
  .openapi('AppPatch')
export const appBody = z
  .strictObject({
    ...changeable,
    scopes: changeable.scopes.optional(),
    profile: changeable.profile.optional(),
    require_pkce: changeable.require_pkce.optional(),
    require_par: changeable.require_par.optional(),
    require_dpop: changeable.require_dpop.optional(),
    device_flow: changeable.device_flow.optional(),
    install: changeable.install.optional(),
    id_token_algorithm: changeable.id_token_algorithm.optional(),
    post_logout_redirect_uris: changeable.post_logout_redirect_uris.optional(),
    disabled: changeable.disabled.optional(),
    verified: changeable.verified.optional(),
    published: publishedInput.optional(),
    company_id: id
      .optional()
      .openapi({ description: 'The company whose people develop it; it is for them alone at first.' }),
    client_id: newAppFields.clientId,
    client_secret: newAppFields.clientSecret,
    public: z.boolean().optional(),
  })
  .openapi('AppInput')

const shown = {
  client_id: z.string(),
  name: z.string(),
  maker: z.string().nullable(),
  redirect_uris: z.array(z.string()),
  scopes: z.array(z.string()),
  profile: z.enum(PROFILES),
  public: z.boolean(),
  require_pkce: z.boolean(),
  require_par: z.boolean(),
  require_dpop: z.boolean(),
  device_flow: z.boolean(),
  install: z.enum(INSTALLS).openapi({ description: 'For one member, for the whole company, or either.' }),
  jwks_uri: z.string().nullable(),
  uninstall_url: z.string().nullable(),
  home_url: z.string().nullable(),
  privacy_url: z.string().nullable(),
  terms_url: z.string().nullable(),
  verified: z.boolean(),
  verified_at: momentText.nullable(),
  verified_by: z.string().nullable().openapi({ description: 'Who said so: the kind and the id of the actor.' }),
  rate_limits: appRateLimitsSchema.nullable(),
  id_token_algorithm: idTokenAlgorithm,
  post_logout_redirect_uris: z.array(z.string()),
  backchannel_logout_url: z.string().nullable(),
  registered_by: z.enum(REGISTERED_BY),
  company_id: id.nullable().openapi({ description: 'The company whose people develop it.' }),
  published: z.boolean().openapi({ description: 'Whether all companies may allow it.' }),
  published_at: momentText.nullable(),
  has_icon: z.boolean(),
  disabled: z.boolean(),
  created_at: momentText,
}
export const appSchema = z.object(shown).openapi('App')
const secretText = z
  .string()
  .nullable()
  .openapi({ description: 'Shown only here; null for a public app and for one with keys.' })
export const createdSchema = z.object({ ...shown, client_secret: secretText }).openapi('CreatedApp')

export function representApp(app: App): z.input<typeof appSchema> {
  return {
    client_id: app.clientId,
    name: app.name,
    maker: app.maker,
    redirect_uris: app.redirectUris,
    scopes: app.scopes,
    profile: app.profile,
    public: app.isPublic,
    require_pkce: app.requirePkce,
    require_par: app.requirePar,
    require_dpop: app.requireDpop,
    device_flow: app.deviceFlow,
    install: app.install,
    jwks_uri: app.jwksUri,
    uninstall_url: app.uninstallUrl,
    home_url: app.homeUrl,
    privacy_url: app.privacyUrl,
    terms_url: app.termsUrl,
    verified: app.verifiedAt !== null,
    verified_at: formatTimeOrNull(app.verifiedAt),
    verified_by: app.verifiedBy,
    rate_limits: app.rateLimits,
    id_token_algorithm: app.idTokenAlgorithm,
    post_logout_redirect_uris: app.postLogoutRedirectUris,
    backchannel_logout_url: app.backchannelLogoutUrl,
    registered_by: registeredBy(app),
    company_id: app.companyId,
    published: isPublished(app),
    published_at: formatTimeOrNull(app.publishedAt),
    has_icon: app.hasIcon,
    disabled: app.disabledAt !== null,
    created_at: formatTime(app.createdAt),
  }
}
