import type { Language } from './languages.ts'
import { type MessageKey, messages, say } from './messages.ts'

/** What a scope allows in words: the platform's own description, ours, or failing both its name. */
export function describeScope(
  language: Language,
  scope: string,
  described: Readonly<Record<string, Readonly<Record<string, string>>>>,
): string {
  const own = described[scope]
  const text = own?.[language] ?? own?.[language.slice(0, 2)] ?? own?.en
  if (text !== undefined) return text
  const key = `scope.${scope}`
  return key in messages.en ? say(language, key as MessageKey) : scope
}

/** The scopes that have a description here. */
export const knownScopes: readonly string[] = Object.keys(messages.en)
  .filter(key => key.startsWith('scope.'))
  .map(key => key.slice('scope.'.length))
