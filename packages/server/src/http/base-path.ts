import type { RouteStep } from './environment.ts'

/** The path of an origin such as `https://example.com/id`: `/id`; empty for most. */
export function basePathOf(origin: string): string {
  return new URL(origin).pathname.replace(/\/+$/, '')
}

/** Where metadata of an issuer with a path is looked for: the path comes after the well-known part (RFC 8414 section 3.1). */
export function insertedWellKnown(name: string, basePath: string): string {
  return `/.well-known/${name}${basePath}`
}

/** The request as the routes know it, whether or not a proxy in front has taken the base path off. */
export function withoutBasePath(request: Request, basePath: string): Request {
  const url = new URL(request.url)
  if (url.pathname !== basePath && !url.pathname.startsWith(`${basePath}/`)) return request
  url.pathname = url.pathname.slice(basePath.length) || '/'
  return new Request(url, request)
}

/** In attributes of our own pages; text from elsewhere has its quotes escaped. */
const LOCAL_ADDRESS = / (href|action|formaction|src)="\/(?!\/)/g

/** The step around all routes: addresses on this server lead below the base path, in redirects and on pages. */
export function belowBasePath(basePath: string): RouteStep {
  return async (c, next) => {
    await next()
    const location = c.res.headers.get('Location')
    if (location?.startsWith('/')) c.res.headers.set('Location', basePath + location)
    if (!c.res.headers.get('Content-Type')?.startsWith('text/html')) return
    const page = (await c.res.text()).replace(LOCAL_ADDRESS, ` $1="${basePath}/`)
    c.res = new Response(page, c.res)
  }
}
