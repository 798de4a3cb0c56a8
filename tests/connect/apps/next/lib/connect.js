import { createAccount, createConnect, tenantry, useAccount } from '@tenantry/connect'
import { sqliteStore } from '@tenantry/connect/sqlite'

const options = JSON.parse(process.env.OPTIONS ?? '{}')

/** Made at the first request: a build has no secrets. */
export function getConnect() {
  globalThis.connect ??= createConnect({
    provider: tenantry({ issuer: options.issuer }),
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    redirectUri: `${options.origin}/connect/callback`,
    store: sqliteStore(options.store),
    encryptionKeys: ['a key of the runtime test, long enough'],
    clock: () => options.now + (globalThis.ahead ?? 0),
    onInstall: ({ link }) => (link ? useAccount(link.accountId) : createAccount(() => 'account-1')),
  })
  return globalThis.connect
}
