import type { LinkReference } from '../links/links.ts'

/**
 * The request by which a provider tells of an uninstall.
 * @param endedAt milliseconds since 1970
 * @example
 * ```ts
 * import { uninstallRequest } from '@tenantry/connect/testing'
 * const request = uninstallRequest(
 *   'https://app.example/connect/callback',
 *   'my-app',
 *   'its secret',
 *   { companyId: 1, userId: 777 },
 *   Date.now(),
 * )
 * console.log((await connect.handler(request)).status)
 * ```
 */
export function uninstallRequest(
  redirectUri: string,
  clientId: string,
  clientSecret: string,
  { companyId, userId }: LinkReference,
  endedAt: number,
): Request {
  return new Request(redirectUri, {
    method: 'DELETE',
    headers: { Authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      client_id: clientId,
      company_id: companyId,
      user_id: userId,
      timestamp: new Date(endedAt).toISOString(),
    }),
  })
}
