import { z } from 'zod'
import { listMistakes } from '../config/settings.ts'
import { validationWords } from '../config/validation-words.ts'
import { canonicalEmail, isSubmittable } from './emails.ts'
import { canonicalLocale } from './locales.ts'
import { canonicalTimeZone } from './time-zones.ts'

/** An entry that makes no sense. */
export interface InputMistake {
  /** The entry, such as `redirectUris.0`; empty for all together. */
  path: string
  message: string
}

/** What an operator entered makes no sense; each mistake says which entry and why. */
export class InputError extends Error {
  override name = 'InputError'
  readonly mistakes: readonly InputMistake[]

  constructor(message: string, mistakes: readonly InputMistake[] = []) {
    super(message)
    this.mistakes = mistakes
  }
}

/** There is no such company, user, membership or app. */
export class NotFoundError extends InputError {}

/** An id, e-mail, domain or client id belongs to another one, or to one that was deleted. */
export class TakenError extends InputError {}

/** Looks at what is there before it is changed, undefined where there is nothing, and throws where it must not be. */
export type Precondition<Row> = (before: Row | undefined) => void

/** @throws {InputError} with every mistake */
export function checkInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const checked = schema.safeParse(input, { error: validationWords })
  if (checked.success) return checked.data
  const mistakes = checked.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
  throw new InputError(listMistakes(checked.error).join('\n'), mistakes)
}

/** A name that people read: one line, no control characters, not blank. */
export const displayName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(200)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters')

/** Compared by its lower-case form. */
export const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address')

/** An e-mail address to sign in with: one that browsers can submit. Its domain may be internationalised. */
export const signInEmail = email.refine(
  text => isSubmittable(canonicalEmail(text)),
  "cannot be typed into a browser’s e-mail field: before the @ only ASCII letters, digits and .!#$%&'*+/=?^_`{|}~- are possible, after it a domain name",
)

/** A BCP 47 language tag, stored in its canonical form with underscores: `en_US`, `es_419`, `zh_Hant_TW`. */
export const locale = z
  .string()
  .max(35)
  .transform((text, context) => {
    const canonical = canonicalLocale(text)
    if (canonical !== undefined) return canonical
    context.addIssue({ code: 'custom', message: 'must be a language tag (BCP 47) such as en_US, es_419 or zh_Hant_TW' })
    return z.NEVER
  })

/** An IANA time zone, stored by its canonical name. */
export const timezone = z
  .string()
  .max(64)
  .transform((text, context) => {
    const canonical = canonicalTimeZone(text)
    if (canonical !== undefined) return canonical
    context.addIssue({ code: 'custom', message: 'must be an IANA time zone such as Europe/Helsinki' })
    return z.NEVER
  })

export const id = z.number().int().positive().max(Number.MAX_SAFE_INTEGER)

/** Milliseconds since 1970. */
export const moment = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)
