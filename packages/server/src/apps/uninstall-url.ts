import { isLocalHost } from '../http/outbound/public-address.ts'

/** Why a URL cannot hear uninstall callbacks, or undefined when it can. */
export function uninstallUrlMistake(url: string, localAllowed: boolean): string | undefined {
  if (!URL.canParse(url)) return `${url} is not an absolute URL.`
  const { protocol, username, password, hostname } = new URL(url)
  if (username || password) return `${url} must not hold credentials; the callback carries the app's own.`
  if (localAllowed) return /^https?:$/.test(protocol) ? undefined : `${url} must use http or https.`
  if (protocol !== 'https:') return `${url} must use https: the callback carries the client secret.`
  return isLocalHost(hostname) ? `${url} leads to a local address, which a server must not call.` : undefined
}
