import { z } from 'zod'
import { InputError } from '../companies/input.ts'
import { ID_TOKEN_ALGORITHMS } from '../config/id-token-algorithms.ts'
import type { Runtime } from '../config/runtime.ts'
import { knownScopes } from '../pages/scope-descriptions.ts'
import { listResourceScopes } from '../store/queries/resource-servers.ts'
import { intersection, parseScopes } from '../tokens/scopes.ts'
import type { App } from './app.ts'
import type { NewApp } from './app-input.ts'

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

const text = z.string().max(2000)
const uris = z.array(text).min(1).max(20)

/** What a client says of itself (RFC 7591 section 2). What is not known here is ignored, as section 2 wants it. */
export const clientMetadata = z.object({
  redirect_uris: uris,
  client_name: z.string().trim().min(1).max(200).optional(),
  client_uri: text.optional(),
  policy_uri: text.optional(),
  tos_uri: text.optional(),
  scope: text.optional(),
  grant_types: z.array(text).max(20).optional(),
  response_types: z.array(text).max(20).optional(),
  token_endpoint_auth_method: text.optional(),
  id_token_signed_response_alg: z.enum(ID_TOKEN_ALGORITHMS).optional(),
  post_logout_redirect_uris: z.array(text).max(20).optional(),
})

export type ClientMetadata = z.output<typeof clientMetadata>

/**
 * What an app is that registers itself: public, whatever it asks for, since no one knows who has its secret; and with no scope that
 * an operator has not opened.
 * @throws {InputError} where it needs what is not given here
 */
export async function toNewApp(runtime: Runtime, metadata: ClientMetadata): Promise<NewApp> {
  const { grant_types = ['authorization_code'], response_types = ['code'] } = metadata
  if (!grant_types.includes('authorization_code')) throw new InputError('grant_types: must hold authorization_code.')
  if (!response_types.includes('code')) throw new InputError('response_types: must hold code.')
  const scopes = await openScopes(runtime)
  const asked = metadata.scope === undefined ? scopes : parseScopes(metadata.scope, 'standard')
  if (!asked) throw new InputError('scope: must be scopes separated by spaces.')
  return {
    name: metadata.client_name ?? hostOf(metadata.redirect_uris[0]!),
    redirectUris: metadata.redirect_uris,
    scopes: intersection(asked, scopes),
    isPublic: true,
    deviceFlow: grant_types.includes(DEVICE_GRANT),
    homeUrl: webPage(metadata.client_uri),
    privacyUrl: webPage(metadata.policy_uri),
    termsUrl: webPage(metadata.tos_uri),
    idTokenAlgorithm: metadata.id_token_signed_response_alg ?? 'RS256',
    postLogoutRedirectUris: metadata.post_logout_redirect_uris ?? [],
  }
}

/** What an app without a name is called; an address that is none is refused later. */
function hostOf(uri: string): string {
  return (URL.canParse(uri) && new URL(uri).host) || 'An app'
}

/** A page that people may be shown; others are left out. */
function webPage(address: string | undefined): string | null {
  return address !== undefined && URL.canParse(address) && new URL(address).protocol === 'https:' ? address : null
}

/** What apps may ask for that no operator registered: to know who someone is, and the scopes of resource servers. */
export async function openScopes({ settings, store }: Runtime): Promise<string[]> {
  if (settings.registrationScopes) return settings.registrationScopes
  const ofResources = (await listResourceScopes(store)).map(({ scope }) => scope)
  return [...knownScopes.filter(scope => scope !== 'users:read'), ...ofResources]
}

/** An app as it reads itself (RFC 7591 section 3.2.1). */
export function describeRegistration(app: App) {
  return {
    client_id: app.clientId,
    client_id_issued_at: Math.floor(app.createdAt / 1000),
    client_name: app.name,
    redirect_uris: app.redirectUris,
    grant_types: ['authorization_code', 'refresh_token', ...(app.deviceFlow ? [DEVICE_GRANT] : [])],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    scope: app.scopes.join(' '),
    id_token_signed_response_alg: app.idTokenAlgorithm,
    ...(app.homeUrl !== null && { client_uri: app.homeUrl }),
    ...(app.privacyUrl !== null && { policy_uri: app.privacyUrl }),
    ...(app.termsUrl !== null && { tos_uri: app.termsUrl }),
    ...(app.postLogoutRedirectUris.length > 0 && { post_logout_redirect_uris: app.postLogoutRedirectUris }),
  }
}
