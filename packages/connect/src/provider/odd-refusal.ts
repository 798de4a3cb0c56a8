import { ConnectError } from '../errors.ts'
import { parseObject } from './clean-token-answer.ts'
import type { Provider } from './provider.ts'

/** The provider said no in a way that no RFC knows: certain once it has said so a few times. */
export class OddRefusal extends ConnectError {
  constructor(how: string) {
    super('provider_refused', `The provider refused: ${how}.`)
  }
}

/**
 * Refusals of a refresh that a strict client would take for something else: 200 with an `error`, 400 or 401 without a
 * usable body. An answer of a proxy (HTML), 429 and 5xx never are.
 * @throws {ConnectError} `needs_reauthorization` where the provider's own rule says so
 * @throws {OddRefusal}
 */
export async function checkRefusal(provider: Pick<Provider, 'isRefused'>, response: Response): Promise<void> {
  const { status } = response
  if (status === 429 || status >= 500) return
  const text = await response.clone().text()
  const body = parseObject(text)
  if (provider.isRefused?.(status, body ?? text)) {
    throw new ConnectError('needs_reauthorization', `The provider refused the grant (${status})`)
  }
  const isHtml = (response.headers.get('Content-Type') ?? '').includes('html') || /^\s*</.test(text)
  if (isHtml) {
    if (status >= 400 || body === undefined) {
      throw new ConnectError('provider_unavailable', `The provider answered ${status} with a page; try again.`)
    }
    return
  }
  if (status === 200 && body && typeof body.access_token !== 'string') {
    if (body.error === 'invalid_grant') {
      throw new ConnectError('needs_reauthorization', 'The provider refused the grant')
    }
    if (body.error !== undefined || body.success === false) throw new OddRefusal(`200 with an error`)
  }
  if ((status === 400 || status === 401) && typeof body?.error !== 'string') {
    throw new OddRefusal(`${status} without an OAuth error`)
  }
}
