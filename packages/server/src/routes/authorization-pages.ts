import type { CommonError, CommonErrorKind } from '../http/common-error.ts'
import type { PageContext, PageHandler } from '../http/environment.ts'
import { askAdministrator } from '../oauth/ask-for-app.ts'
import { authorize } from '../oauth/authorize.ts'
import { chooseCompany } from '../oauth/choose-company.ts'
import { consent, consentForm, consentReturn } from '../oauth/consent.ts'
import { PageError, showErrorPage } from '../pages/error-page.ts'
import type { MessageKey } from '../pages/messages.ts'
import { countByAddress } from '../rate-limits/limit-requests.ts'
import { readSignedIn } from '../sign-in/signed-in.ts'
import { answerOwnError, describeError } from './errors.ts'

/** A page on the way to an authorization code. */
export interface AuthorizationPage {
  method: 'GET' | 'POST'
  path: string
  handler: PageHandler
}

/** Those that a server may ask without the framework, see {@link answerPage}. */
export const authorizationPages: readonly AuthorizationPage[] = [
  { method: 'GET', path: '/oauth/authorize', handler: authorize },
  { method: 'POST', path: '/oauth/authorize/company', handler: chooseCompany },
  { method: 'GET', path: '/oauth/authorize/consent', handler: consentForm },
  { method: 'POST', path: '/oauth/authorize/consent', handler: consent },
  { method: 'GET', path: '/oauth/authorize/return', handler: consentReturn },
  { method: 'POST', path: '/oauth/authorize/ask', handler: askAdministrator },
]

/** One of {@link authorizationPages} with the steps before it and the errors of it, as its route has them. Never fails. */
export async function answerPage(c: PageContext, handler: PageHandler): Promise<Response> {
  try {
    countByAddress(c, 'authorize')
    await readSignedIn(c)
    return await handler(c)
  } catch (error) {
    return await answerPageError(c, error as Error)
  }
}

async function answerPageError(c: PageContext, error: Error): Promise<Response> {
  try {
    return (await answerOwnError(c, error)) ?? (await answerAsPage(c, describeError(c, error)))
  } catch (another) {
    return answerAsPage(c, describeError(c, another as Error))
  }
}

const messageKeys: Record<CommonErrorKind, MessageKey> = {
  not_found: 'error.notFound',
  body_too_large: 'error.tooLarge',
  too_many_parameters: 'error.tooLarge',
  too_many_requests: 'error.tooMany',
  unavailable: 'error.unavailable',
  outcome_unknown: 'error.unknownOutcome',
  internal: 'error.internal',
}

/** Errors of any request, as a page. */
export function answerAsPage(c: PageContext, { kind, status, headers }: CommonError): Response | Promise<Response> {
  const isWrongMethod = kind === 'not_found' && c.req.method !== 'GET' && c.req.method !== 'HEAD'
  if (isWrongMethod) return showErrorPage(c, new PageError(405, 'error.method', {}, headers))
  return showErrorPage(c, new PageError(status, messageKeys[kind], { id: c.var.requestId }, headers))
}
