import type { RequestContext } from '../http/environment.ts'
import { formToken } from '../http/form-token.ts'
import { hiddenField } from '../pages/components.ts'
import type { Fragment } from '../pages/messages.ts'

/** What each form of the console carries. */
export function tokenField(c: RequestContext): Fragment {
  return hiddenField('form_token', formToken(c))
}
