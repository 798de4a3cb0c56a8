/**
 * Node's own HTTP. `import` from `node:http` reads each of its exports, and some of them load all of `fetch`, which is 3 MB of heap
 * and 12 MB resident; taken this way they are loaded when they are used.
 */
export const nodeHttp: typeof import('node:http') = process.getBuiltinModule('node:http')

/** HTTPS and TLS, loaded by those who use them: 7 MB resident. */
export const nodeHttps = (): typeof import('node:https') => process.getBuiltinModule('node:https')
export const nodeTls = (): typeof import('node:tls') => process.getBuiltinModule('node:tls')
