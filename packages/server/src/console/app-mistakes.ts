import { findCalledUrlMistake } from '../apps/callback-url.ts'
import { findRedirectUriMistake, type UrlMistake, withScheme } from '../apps/redirect-uri.ts'
import type { InputError } from '../companies/input.ts'
import type { RequestContext } from '../http/environment.ts'
import type { Language } from '../pages/languages.ts'
import { type MessageKey, say } from '../pages/messages.ts'

const urlKeys: Record<UrlMistake, MessageKey> = {
  noScheme: 'developer.wrong.noScheme',
  notAbsolute: 'developer.wrong.notAbsolute',
  wildcard: 'developer.wrong.wildcard',
  fragment: 'developer.wrong.fragment',
  credentials: 'developer.wrong.credentials',
  https: 'developer.wrong.https',
  local: 'developer.wrong.local',
  forbiddenScheme: 'developer.wrong.forbiddenScheme',
  bareScheme: 'developer.wrong.bareScheme',
}

/** Whether a redirect URI can be registered, in words. */
export interface UriCheck {
  uri: string
  isGood: boolean
  text: string
}

export function checkRedirectUris(c: RequestContext, language: Language, uris: readonly string[]): UriCheck[] {
  const rules = { localAllowed: c.var.runtime.settings.localCallbacks }
  return uris.map(uri => {
    const mistake = findRedirectUriMistake(uri, rules)
    const text = mistake ? sayUrlMistake(language, uri, mistake) : say(language, 'developer.check.good')
    return { uri, isGood: mistake === undefined, text }
  })
}

/** What was typed that an error may be about. */
interface Typed {
  homeUrl: string
  privacyUrl: string
  termsUrl: string
  redirectUris: string
  uninstallUrl: string
  isPublic: boolean
}

/** What is wrong with the entries of an app's form, in the person's language: a sentence for each. */
export function sayMistakes(c: RequestContext, language: Language, typed: Typed, { mistakes }: InputError): string[] {
  const entries = mistakes.map(({ path }) => path.split('.')[0]!)
  // The error may be about the form of the entries alone: what the addresses say was not looked at then.
  return [...new Set([...entries, ...wrongAddresses(c, typed)])].flatMap(entry => sayMistake(c, language, typed, entry))
}

function wrongAddresses(c: RequestContext, { redirectUris, uninstallUrl }: Typed): string[] {
  const { localCallbacks: localAllowed } = c.var.runtime.settings
  const isWrong = words(redirectUris).some(uri => findRedirectUriMistake(uri, { localAllowed }) !== undefined)
  const isUninstallWrong = uninstallUrl !== '' && findCalledUrlMistake(uninstallUrl, localAllowed) !== undefined
  return [...(isWrong ? ['redirectUris'] : []), ...(isUninstallWrong ? ['uninstallUrl'] : [])]
}

/** What was typed with spaces or line breaks between. */
export function words(text: string): string[] {
  return text.split(/\s+/).filter(word => word !== '')
}

function sayMistake(c: RequestContext, language: Language, typed: Typed, entry: string): string[] {
  const { localCallbacks } = c.var.runtime.settings
  switch (entry) {
    case 'name':
      return [say(language, 'developer.wrong.name')]
    case 'maker':
      return [say(language, 'developer.wrong.maker')]
    case 'homeUrl':
    case 'privacyUrl':
    case 'termsUrl':
      return [say(language, 'developer.wrong.page', { uri: typed[entry] })]
    case 'scopes':
      return [say(language, 'developer.wrong.scopes')]
    case 'apps':
      return [say(language, 'developer.wrong.tooMany')]
    case 'redirectUris': {
      const wrong = checkRedirectUris(c, language, words(typed.redirectUris)).filter(({ isGood }) => !isGood)
      const texts = wrong.map(({ text, uri }) => `${uri}: ${text}`)
      return texts.length > 0 ? texts : [say(language, 'developer.wrong.redirectUris')]
    }
    case 'uninstallUrl': {
      const mistake = findCalledUrlMistake(typed.uninstallUrl, localCallbacks)
      if (mistake) return [`${typed.uninstallUrl}: ${sayUrlMistake(language, typed.uninstallUrl, mistake)}`]
      return [say(language, typed.isPublic ? 'developer.wrong.publicCallback' : 'developer.wrong.callback')]
    }
    default:
      return [say(language, 'developer.wrong.entry', { entry })]
  }
}

function sayUrlMistake(language: Language, uri: string, mistake: UrlMistake): string {
  return say(language, urlKeys[mistake], mistake === 'noScheme' ? { suggestion: withScheme(uri) } : {})
}
