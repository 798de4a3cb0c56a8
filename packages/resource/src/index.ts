export { isResourceError, ResourceError } from './errors.ts'
export type { ActiveToken } from './introspection.ts'
export { type Caller, type IncomingCall, type Protected, protect, type ResourceOptions } from './protect.ts'
