import { isLocalHost } from '../http/outbound/public-address.ts'

/**
 * Why a URL of an app cannot be called, or undefined when it can.
 * @param reason why it must be safe, in words
 */
export function calledUrlMistake(url: string, localAllowed: boolean, reason: string): string | undefined {
  if (!URL.canParse(url)) return `${url} is not an absolute URL.`
  const { protocol, username, password, hostname } = new URL(url)
  if (username || password) return `${url} must not hold credentials; ${reason}.`
  if (url.includes('#')) return `${url} must not have a fragment.`
  if (localAllowed) return /^https?:$/.test(protocol) ? undefined : `${url} must use http or https.`
  if (protocol !== 'https:') return `${url} must use https: ${reason}.`
  return isLocalHost(hostname) ? `${url} leads to a local address, which a server must not call.` : undefined
}
