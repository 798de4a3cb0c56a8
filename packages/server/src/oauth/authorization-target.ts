import { type App, findRegisteredApp } from '../apps/apps.ts'
import { DocumentError, findAppByDocument, isDocumentAddress } from '../apps/metadata-document.ts'
import { matchesRedirectUri } from '../apps/redirect-uri.ts'
import type { Runtime } from '../config/runtime.ts'
import type { Settings } from '../config/settings.ts'
import type { Parameters } from '../http/form.ts'
import { PageError } from '../pages/error-page.ts'
import type { AnswerTarget } from './authorization-answer.ts'

/** One that is registered, or described by a document where those are welcome. */
async function findClient(runtime: Runtime, clientId: string): Promise<App | undefined> {
  const { metadataDocuments, localCallbacks } = runtime.settings
  if (!isDocumentAddress(clientId, localCallbacks)) return findRegisteredApp(runtime, clientId)
  if (!metadataDocuments) return undefined
  try {
    return await findAppByDocument(runtime, clientId)
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    runtime.log.info({ client_id: clientId, reason: error.message }, 'the document of an app cannot be used')
    throw new PageError(400, 'error.appDocument', { host: new URL(clientId).host })
  }
}

/** @throws {PageError} */
export async function requireClient(runtime: Runtime, parameters: Parameters): Promise<App> {
  const app = await findClient(runtime, parameters.get('client_id') ?? '')
  if (!app) throw new PageError(400, 'error.unknownApp')
  return app
}

/** @throws {PageError} */
export async function requireEnabledClient(runtime: Runtime, parameters: Parameters): Promise<App> {
  const app = await requireClient(runtime, parameters)
  requireEnabled(app)
  return app
}

function requireEnabled(app: App) {
  if (app.disabledAt !== null) throw new PageError(403, 'error.disabledApp', { app: app.name })
}

/**
 * Which app asks, and where it is answered.
 * @param isKept whether the request was checked and kept before: of those, some are the trials of an app's developers
 * @throws {PageError} while it is not known that the redirect URI is the app's own (RFC 6749 section 4.1.2.1)
 */
export async function checkTarget(
  runtime: Runtime,
  parameters: Parameters,
  repeated: ReadonlySet<string>,
  query: string,
  { isKept = false }: { isKept?: boolean } = {},
): Promise<AnswerTarget> {
  if (repeated.has('client_id') || repeated.has('redirect_uri')) throw new PageError(400, 'error.repeated')
  const app = await requireClient(runtime, parameters)
  const redirectUri = parameters.get('redirect_uri') ?? ''
  const isTrial = isKept && redirectUri === trialRedirectUri(runtime.settings)
  if (!isTrial && !app.redirectUris.some(registered => matchesRedirectUri(registered, redirectUri))) {
    throw new PageError(400, 'error.redirectUri', { app: app.name })
  }
  requireEnabled(app)
  // With a repeated state it is not known which one the app expects.
  return { app, redirectUri, rawState: repeated.has('state') ? undefined : rawValue(query, 'state') }
}

/** Where developers are answered who try their app on our pages. Only requests that we kept for them may name it. */
export function trialRedirectUri({ origin }: Settings): string {
  return `${origin}/try-app`
}

/** The text of a parameter as it stands in the query, not decoded. */
function rawValue(query: string, name: string): string | undefined {
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=')
    const decodedName = new URLSearchParams(at < 0 ? pair : pair.slice(0, at)).keys().next().value
    if (decodedName === name) return at < 0 ? undefined : pair.slice(at + 1) || undefined
  }
  return undefined
}
