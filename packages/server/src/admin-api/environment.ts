import type { Context } from 'hono'
import type { Runtime } from '../config/runtime.ts'
import type { AdminKeyRow } from '../store/queries/admin-keys.ts'

/** What a request to the admin API carries: the provider it is for, and the key it was sent with. */
export interface AdminEnvironment {
  Bindings: {
    runtime: Runtime
    requestId: string
    address: string | undefined
    socket: object | undefined
    /** Called with the pattern of the route that answers, for metrics and traces. */
    onRoute: (pattern: string) => void
  }
  /** `acting` is the runtime for what the request changes. */
  Variables: { key: AdminKeyRow; acting: Runtime }
}

export type AdminContext = Context<AdminEnvironment>

/** Where the admin API begins. */
export const ADMIN_PATH = '/admin/v1'
