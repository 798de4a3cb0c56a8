import type { Id } from '../ids.ts'
import { isAllowedHost, type Provider } from './provider.ts'

/**
 * The origin of a company's API, as providers and other integrations write it: with or without a scheme, in capitals,
 * with a path behind it.
 * @returns undefined where it is no address, or not one of the provider's hosts: tokens are not sent there
 */
export function allowedApiDomain(
  provider: Pick<Provider<Id>, 'allowHttp' | 'apiHosts' | 'apiDomain'>,
  text: string,
): string | undefined {
  const { protocol } = new URL(provider.apiDomain)
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${protocol}//${text}`
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  const isOnApi = url.origin === new URL(provider.apiDomain).origin
  return isOnApi || isAllowedHost(provider, url) ? url.origin : undefined
}
