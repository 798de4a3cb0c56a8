import type { ErrorHandler, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Environment, RequestContext } from './http/environment.ts'
import { ApiError, OAuthError, TooBusy, TooManyParameters } from './http/errors.ts'
import { MOST_PARAMETERS } from './http/form.ts'
import { AuthorizationError, answerWithError } from './oauth/authorization-answer.ts'
import { PageError, showErrorPage } from './pages/error-page.ts'
import type { MessageKey } from './pages/messages.ts'
import { OutcomeUnknown, StoreUnavailable } from './store/store.ts'

const RETRY = { 'Retry-After': '2' }

/** What a request's error is answered with: each kind in the words of those who asked. */
export const answerError: ErrorHandler<Environment> = (error, c) => {
  if (error instanceof AuthorizationError) return answerWithError(c, error)
  if (error instanceof PageError) return showErrorPage(c, error)
  if (error instanceof ApiError) return c.json(error.body(), error.status, error.headers)
  if (error instanceof OAuthError) {
    return c.json({ error: error.code, error_description: error.description }, error.status, error.headers)
  }
  if (error instanceof HTTPException && error.status === 413) return answerTooLarge(c)
  if (error instanceof TooManyParameters) return answerTooMany(c)
  return answerOurFault(error, c)
}

function answerOurFault(error: Error, c: RequestContext) {
  const { requestId, runtime } = c.var
  const unavailable = reasonToComeBack(error)
  runtime.log.error({ err: error, requestId, path: c.req.path }, unavailable?.log ?? 'request failed')
  const [status, headers] = unavailable ? ([503, RETRY] as const) : ([500, {}] as const)
  if (isPage(c)) {
    return showErrorPage(
      c,
      unavailable
        ? new PageError(503, unavailable.page, {}, RETRY)
        : new PageError(500, 'error.internal', { id: requestId }),
    )
  }
  const description = unavailable?.description ?? `Internal error ${requestId}.`
  if (isApi(c)) return c.json(new ApiError(status, description).body(), status, headers)
  const code = unavailable ? 'temporarily_unavailable' : 'server_error'
  return c.json({ error: code, error_description: description }, status, headers)
}

/** What passes by itself, and how it is told. */
function reasonToComeBack(error: Error): { log: string; description: string; page: MessageKey } | undefined {
  if (error instanceof OutcomeUnknown) {
    return {
      log: 'connection lost while committing',
      description:
        'The database was lost at the last moment: it is not known whether this was done. It is safe to try again.',
      page: 'error.unknownOutcome',
    }
  }
  if (error instanceof StoreUnavailable) {
    return {
      log: 'store unavailable',
      description: 'The database cannot be reached now. Try again.',
      page: 'error.unavailable',
    }
  }
  if (error instanceof TooBusy)
    return { log: 'too busy', description: 'There is too much to do now. Try again.', page: 'error.unavailable' }
  return undefined
}

function answerTooLarge(c: RequestContext) {
  if (isPage(c)) return showErrorPage(c, new PageError(413, 'error.tooLarge'))
  if (isApi(c)) return c.json(new ApiError(413, 'The body is too large.').body(), 413)
  return c.json({ error: 'invalid_request', error_description: 'The body is too large.' }, 413)
}

function answerTooMany(c: RequestContext) {
  if (isPage(c)) return showErrorPage(c, new PageError(400, 'error.tooLarge'))
  const description = `More than ${MOST_PARAMETERS} parameters.`
  if (isApi(c)) return c.json(new ApiError(400, description).body(), 400)
  return c.json({ error: 'invalid_request', error_description: description }, 400)
}

/** Nothing at this address, or nothing for this method. */
export const answerNotFound: NotFoundHandler<Environment> = c => {
  if (isPage(c)) {
    const wrongMethod = c.req.method !== 'GET' && c.req.method !== 'HEAD'
    return showErrorPage(c, wrongMethod ? new PageError(405, 'error.method') : new PageError(404, 'error.notFound'))
  }
  if (isApi(c)) return c.json(new ApiError(404, 'There is nothing at this address.').body(), 404)
  return c.json({ error: 'invalid_request', error_description: 'There is nothing at this address.' }, 404)
}

function isApi(c: RequestContext): boolean {
  return /\/users\/me$/.test(c.req.path) || /^\/(api|v1)\//.test(c.req.path)
}

/** Everything but the API and what apps' servers call is looked at by people. */
function isPage(c: RequestContext): boolean {
  const { path } = c.req
  return !isApi(c) && !/^\/oauth\/(token|revoke|introspect)/.test(path) && !path.startsWith('/.well-known/')
}
