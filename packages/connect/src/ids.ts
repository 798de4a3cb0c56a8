/** What a provider calls a company or a user: an integer, or a text. */
export type Id = number | string

/** Which of the two a provider has. */
export type IdKind = 'integer' | 'text'

const MAX_TEXT = 255

/**
 * Whether a value can be an id of this kind. Integers are those that JavaScript holds exactly, from 1 on: 2^53 + 1 would
 * silently be another one. Texts have 1 to 255 characters, no control characters and no halves of surrogate pairs: every
 * database keeps them as they are.
 */
export function isId(kind: IdKind, value: unknown): value is Id {
  if (kind === 'integer') return Number.isSafeInteger(value) && (value as number) >= 1
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= MAX_TEXT &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there
    !/[\u0000-\u001f\u007f]/.test(value) &&
    value.isWellFormed()
  )
}

export function kindOf(id: Id): IdKind {
  return typeof id === 'string' ? 'text' : 'integer'
}

/** `provider:companyId:userId`. A text is quoted as in JSON, so that 7 and `"7"` are two ids, and a colon inside is no end. */
export function keyText({ provider, companyId, userId }: { provider: string; companyId: Id; userId: Id }): string {
  return `${provider}:${JSON.stringify(companyId)}:${JSON.stringify(userId)}`
}

/** Integers by size, before texts, which are in the order of their UTF-16 code units. */
export function compareIds(a: Id, b: Id): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
