import { isResourceError } from '../errors.ts'
import type { Caller, Protected } from '../protect.ts'

/** What a context of Hono has, as far as it matters here. */
interface HonoContext {
  req: { raw: Request }
}

type Next = () => Promise<void>

const callers = new WeakMap<Request, Caller>()

/**
 * Hono middleware for protected routes: `app.use('/notes/*', honoProtect(notes, 'notes:write'))`. Routes ask {@link honoCaller} whom
 * a request speaks for.
 * @param scopes that these routes need, besides those of the resource server
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import { honoCaller, honoMetadata, honoProtect } from '@tenantry/resource/hono'
 * const app = new Hono()
 * app.use(honoMetadata(notes))
 * app.get('/notes', honoProtect(notes, 'notes:read'), c => c.json({ company: honoCaller(c).companyId }))
 * const response = await app.request('https://notes.example.com/notes')
 * console.log(response.status)
 * ```
 */
export function honoProtect(resource: Protected, ...scopes: string[]) {
  return async (c: HonoContext, next: Next): Promise<Response | undefined> => {
    const { url, headers, method } = c.req.raw
    try {
      callers.set(
        c.req.raw,
        await resource.check(
          { url, method, authorization: headers.get('Authorization'), dpop: headers.get('DPoP') },
          scopes,
        ),
      )
    } catch (error) {
      if (!isResourceError(error)) throw error
      return error.toResponse()
    }
    await next()
    return undefined
  }
}

/**
 * Hono middleware that answers requests for the metadata of the resource (RFC 9728).
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import { honoMetadata } from '@tenantry/resource/hono'
 * const app = new Hono()
 * app.use(honoMetadata(notes))
 * const response = await app.request('https://notes.example.com/.well-known/oauth-protected-resource')
 * console.log(await response.json())
 * ```
 */
export function honoMetadata(resource: Protected) {
  return async (c: HonoContext, next: Next): Promise<Response | undefined> => {
    const metadata = resource.metadata({ url: c.req.raw.url })
    if (metadata) return Response.json(metadata, { headers: { 'Access-Control-Allow-Origin': '*' } })
    await next()
    return undefined
  }
}

/**
 * Whom a request speaks for that came through {@link honoProtect}.
 * @throws {TypeError} for any other request
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import { honoCaller, honoProtect } from '@tenantry/resource/hono'
 * const app = new Hono()
 * app.get('/notes', honoProtect(notes), c => c.text(`Notes of user ${honoCaller(c).userId}`))
 * ```
 */
export function honoCaller(c: HonoContext): Caller {
  const caller = callers.get(c.req.raw)
  if (!caller) throw new TypeError('This request did not come through honoProtect().')
  return caller
}
