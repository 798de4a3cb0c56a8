import { isLocalHost } from '../http/outbound/public-address.ts'
import type { UrlMistake } from './redirect-uri.ts'

type CalledUrlMistake = Extract<UrlMistake, 'notAbsolute' | 'credentials' | 'fragment' | 'https' | 'local'>

/**
 * Why a URL of an app cannot be called, or undefined when it can.
 * @param reason why it must be safe, in words
 */
export function calledUrlMistake(url: string, localAllowed: boolean, reason: string): string | undefined {
  switch (findCalledUrlMistake(url, localAllowed)) {
    case undefined:
      return undefined
    case 'notAbsolute':
      return `${url} is not an absolute URL.`
    case 'credentials':
      return `${url} must not hold credentials; ${reason}.`
    case 'fragment':
      return `${url} must not have a fragment.`
    case 'https':
      return localAllowed ? `${url} must use http or https.` : `${url} must use https: ${reason}.`
    case 'local':
      return `${url} leads to a local address, which a server must not call.`
  }
}

/** The same by its name. */
export function findCalledUrlMistake(url: string, localAllowed: boolean): CalledUrlMistake | undefined {
  if (!URL.canParse(url)) return 'notAbsolute'
  const { protocol, username, password, hostname } = new URL(url)
  if (username || password) return 'credentials'
  if (url.includes('#')) return 'fragment'
  if (localAllowed) return /^https?:$/.test(protocol) ? undefined : 'https'
  if (protocol !== 'https:') return 'https'
  return isLocalHost(hostname) ? 'local' : undefined
}
