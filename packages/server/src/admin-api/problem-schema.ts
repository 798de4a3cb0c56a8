import { z } from '@hono/zod-openapi'
import type { InputMistake } from '../companies/input.ts'
import { validationWords } from '../config/validation-words.ts'

/** A problem as it is answered. */
export const problemSchema = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: 'What is wrong, for programs.' }),
    detail: z.string().openapi({ description: 'What is wrong and what to do about it, for people.' }),
    request_id: z.string().openapi({ description: 'The id of the log line.' }),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: 'Each field that is wrong.' }),
  })
  .openapi('Problem')

const defaultWords = z.locales.en().localeError

/** What a check of Zod found: in our own words, where the schema has none of its own. */
export function mistakesOf(error: z.ZodError): InputMistake[] {
  return error.issues.flatMap(issue => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map(key => ({
        path: [...issue.path, key].join('.'),
        message: 'is not a field of this request',
      }))
    }
    const message = (hasDefaultWords(issue) && validationWords(withInput(issue))) || issue.message
    return [{ path: issue.path.join('.'), message }]
  })
}

function hasDefaultWords(issue: z.core.$ZodIssue): boolean {
  return (
    issue.message.startsWith('Invalid input: ') ||
    messageOf(defaultWords(issue as z.core.$ZodRawIssue)) === issue.message
  )
}

/** An issue says only in its message whether there was anything. */
function withInput(issue: z.core.$ZodIssue): z.core.$ZodRawIssue {
  return { ...issue, input: issue.message.endsWith('received undefined') ? undefined : null } as z.core.$ZodRawIssue
}

function messageOf(words: ReturnType<typeof defaultWords>): string | undefined {
  return typeof words === 'object' ? words?.message : words
}
