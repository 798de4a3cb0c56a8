import { z } from 'zod'
import { listMistakes } from '../config/settings.ts'

/** What an operator entered makes no sense; each mistake says which entry and why. */
export class InputError extends Error {
  override name = 'InputError'
}

/** @throws {InputError} with every mistake */
export function checkInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const checked = schema.safeParse(input)
  if (checked.success) return checked.data
  throw new InputError(listMistakes(checked.error).join('\n'))
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

/** `ll_CC`, the form that `/users/me` answers. */
export const locale = z.string().regex(/^[a-z]{2,3}_[A-Z]{2}$/, 'must look like en_US')

export const timezone = z.string().refine(isTimeZone, 'must be an IANA time zone such as Europe/Helsinki')

export const id = z.number().int().positive().max(Number.MAX_SAFE_INTEGER)

/** Milliseconds since 1970. */
export const moment = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)

function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }))
  } catch {
    return false
  }
}
