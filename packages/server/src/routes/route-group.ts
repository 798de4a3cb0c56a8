import type { Hono } from 'hono'
import type { Environment, ErrorFormat } from '../http/environment.ts'

/** Routes whose clients expect errors in one format. */
export interface RouteGroup {
  /** Patterns of Hono's router; a path that several groups match belongs to the last of them. */
  readonly paths: readonly string[]
  readonly errorFormat: ErrorFormat
  /** @param basePath of the origin, such as `/id`; empty for most */
  addTo(app: Hono<Environment>, basePath: string): void
}
