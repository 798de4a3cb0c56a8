import * as v from 'valibot'
import { isConnectError } from '../errors.ts'
import { readText } from '../http/read-text.ts'
import { isId } from '../ids.ts'
import { aboutLink, toLink } from '../link.ts'
import type { Kit } from '../options.ts'
import type { LinkKey, StoredLink } from '../store/store.ts'
import { leaseOf, underLease } from '../store/wait-for-lease.ts'
import { openTokens } from '../tokens/vault.ts'
import { hasOwnCredentials } from './credentials.ts'

const MAX_BODY = 16_384

/** Clocks of two machines may differ by so much; an older callback is stale without asking, in milliseconds. */
const DOUBT = 300_000

const id = v.union([v.number(), v.string()])
const callbackBody = v.object({
  client_id: v.string(),
  company_id: id,
  user_id: id,
  timestamp: v.pipe(
    v.string(),
    v.transform(text => Date.parse(text)),
    v.number(),
    v.finite('not a time'),
  ),
})

/**
 * `DELETE` on the redirect URI: the provider says that a user removed the app. It may come late and more than once; the
 * answer is 200 whenever it need not come again.
 */
export async function handleUninstall(kit: Kit, request: Request): Promise<Response> {
  if (!(await hasOwnCredentials(kit, request))) {
    const challenge = { 'WWW-Authenticate': 'Basic realm="uninstall callback"' }
    return answer(401, 'The client id or secret is wrong.', challenge)
  }
  const body = await readBody(kit, request)
  if (body === undefined) return answer(400, 'The body must be JSON with client_id, company_id, user_id and timestamp.')
  if (body.client_id !== kit.clientId) return answer(400, 'The client_id is of another app.')
  const key = { provider: kit.provider.name, companyId: body.company_id, userId: body.user_id }
  const done = await underLease(kit.store, leaseOf(key), () => closeLink(kit, key, body.timestamp))
  if (!done) return answer(503, 'This link is busy at the moment; send it again.', { 'Retry-After': '5' })
  return done.result
}

async function closeLink(kit: Kit, key: LinkKey, endedAt: number): Promise<Response> {
  const link = await kit.store.findLink(key)
  if (!link) return answer(200, 'There is no such link.')
  if (link.status === 'uninstalled' || link.status === 'disconnected') {
    await tell(kit, link)
    return answer(200, 'It was ended before.')
  }
  const stale = await isStale(kit, link, endedAt)
  if (stale === 'unknown') return answer(503, 'The provider does not answer; send it again.', { 'Retry-After': '30' })
  if (stale) return answer(200, 'The app was installed again after that.')
  const closed = await eraseTokens(kit, link)
  if (!closed) return answer(503, 'This link changed at the same moment; send it again.', { 'Retry-After': '1' })
  await tell(kit, closed)
  return answer(200, 'Uninstalled.')
}

/**
 * Whether the app was installed again since. Where the two times are so near that clocks may have mixed them up, the
 * provider knows: a token that still works was given after the end.
 */
async function isStale(kit: Kit, link: StoredLink, endedAt: number): Promise<boolean | 'unknown'> {
  if (endedAt >= link.installedAt) return false
  if (endedAt < link.installedAt - DOUBT || link.tokens === null) return true
  try {
    const { accessToken } = await openTokens(kit.keyring, { ...link, tokens: link.tokens })
    await kit.oauth.identify(accessToken, link.apiDomain, aboutLink(link))
    return true
  } catch (error) {
    if (isConnectError(error, 'needs_reauthorization')) return (link.tokensExpireAt ?? Infinity) <= kit.clock()
    if (isConnectError(error, 'provider_unavailable')) return 'unknown'
    throw error
  }
}

async function eraseTokens(kit: Kit, link: StoredLink): Promise<StoredLink | undefined> {
  const closed: StoredLink = {
    ...link,
    status: 'uninstalled',
    notice: kit.hooks.onUninstall ? 'uninstalled' : null,
    tokens: null,
    tokensExpireAt: null,
    updatedAt: kit.clock(),
    version: link.version + 1,
  }
  return (await kit.store.replaceLink(closed)) ? closed : undefined
}

/** Calls the app's hook, then records that it was called: if that fails, the provider's next callback calls it again. */
async function tell(kit: Kit, link: StoredLink): Promise<void> {
  if (link.notice !== 'uninstalled') return
  await kit.hooks.onUninstall?.(toLink(link))
  await kit.store.replaceLink({ ...link, notice: null, version: link.version + 1 })
}

async function readBody({ ids }: Kit, request: Request): Promise<v.InferOutput<typeof callbackBody> | undefined> {
  const text = await readText(request, MAX_BODY)
  if (text === undefined) return undefined
  try {
    const parsed = v.safeParse(callbackBody, JSON.parse(text))
    if (!parsed.success) return undefined
    const { company_id, user_id } = parsed.output
    return isId(ids, company_id) && isId(ids, user_id) ? parsed.output : undefined
  } catch {
    return undefined
  }
}

function answer(status: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json(status < 400 ? { message } : { error: message }, { status, headers })
}
