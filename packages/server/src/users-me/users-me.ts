import type { RouteHandler } from '../http/environment.ts'
import { describeUser } from './user-answer.ts'

/** `GET /users/me`: whom the token speaks for, as they are at the token's company. */
export const usersMe: RouteHandler = c => {
  c.header('Cache-Control', 'no-store')
  return c.json({ success: true, data: describeUser(c.var.bearer, c.var.runtime.clock()) })
}
