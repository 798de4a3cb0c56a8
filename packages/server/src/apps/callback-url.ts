import { isLocalHost } from '../http/outbound/public-address.ts'

/**
 * Why a URL cannot be told of what has ended, or undefined when it can.
 * @param carried what is sent to it, in words
 */
export function callbackUrlMistake(url: string, localAllowed: boolean, carried: string): string | undefined {
  if (!URL.canParse(url)) return `${url} is not an absolute URL.`
  const { protocol, username, password, hostname } = new URL(url)
  if (username || password) return `${url} must not hold credentials; the callback carries ${carried}.`
  if (url.includes('#')) return `${url} must not have a fragment.`
  if (localAllowed) return /^https?:$/.test(protocol) ? undefined : `${url} must use http or https.`
  if (protocol !== 'https:') return `${url} must use https: the callback carries ${carried}.`
  return isLocalHost(hostname) ? `${url} leads to a local address, which a server must not call.` : undefined
}
