import { fromBase64, isSameSecret } from '../keys/bytes.ts'
import type { Kit } from '../options.ts'

/** Whether a request has the app's own id and secret (HTTP Basic, RFC 7617), compared in constant time. */
export async function hasOwnCredentials({ clientId, clientSecret }: Kit, request: Request): Promise<boolean> {
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(request.headers.get('Authorization') ?? '') ?? []
  const bytes = fromBase64(encoded)
  return isSameSecret(bytes ? new TextDecoder().decode(bytes) : '', `${clientId}:${clientSecret}`)
}
