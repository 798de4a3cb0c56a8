import type { Actor, Runtime } from '../config/runtime.ts'
import { clientAddress } from './client-address.ts'
import type { EndpointContext } from './environment.ts'

/** The runtime for what a request changes: the audit log says who it was, and from where. */
export function actingAs(c: EndpointContext, type: Actor['type'], id: string | number | null): Runtime {
  const address = clientAddress(c)
  const actor: Actor = {
    type,
    id: id === null ? null : String(id),
    requestId: c.var.requestId,
    ...(address !== undefined && { address }),
  }
  return { ...c.var.runtime, actor }
}
