import { bodyLimit } from 'hono/body-limit'
import type { RouteStep } from './environment.ts'

const MAX_BODY = 64 * 1024

/** Read as a stream, line by line. */
const STREAMED = '/admin/v1/bulk'

const countAndRefuse = bodyLimit({ maxSize: MAX_BODY })

/** Refuses bodies of more than 64 KiB, but for the one route that reads them as a stream. One that says its length is not touched: a `Request` would be made for that. */
export const limitBody: RouteStep = (c, next) => {
  const { method } = c.req
  if (method === 'GET' || method === 'HEAD' || c.req.path === STREAMED) return next()
  const length = c.req.header('Content-Length')
  const isTold = length !== undefined && c.req.header('Transfer-Encoding') === undefined
  return isTold && Number(length) <= MAX_BODY ? next() : countAndRefuse(c, next)
}
