import { type Connect, createAccount, createConnect, tenantry, useAccount } from '@tenantry/connect'
import { sqliteStore } from '@tenantry/connect/sqlite'
import type { Database } from './database.ts'
import { languages } from './messages.ts'
import { accountOf, sessionCookie } from './session.ts'

export interface FieldNotesSettings {
  /** The provider's address. */
  issuer: string
  clientId: string
  clientSecret: string
  /** Where this app is reached. */
  origin: string
  encryptionKey: string
}

/** All that it takes to be installed, to know who it is, and to be told of the end. */
export function connectTo(settings: FieldNotesSettings, database: Database): Connect {
  return createConnect({
    provider: tenantry({ issuer: settings.issuer }),
    clientId: settings.clientId,
    clientSecret: settings.clientSecret,
    redirectUri: `${settings.origin}/connect/callback`,
    store: sqliteStore(database.sqlite),
    encryptionKeys: [settings.encryptionKey],
    languages,
    currentAccount: request => accountOf(database, request),
    onInstall({ identity, link, account }) {
      if (link) return useAccount(link.accountId)
      // Installed for everyone: the company gets a notebook, which no one signs in to.
      if (identity.kind === 'company') return createAccount(() => database.createNotebook(identity))
      if (account) return useAccount(account)
      return createAccount(() => database.createAccount(identity.key))
    },
    onLinked: ({ accountId, request }) => ({
      headers: { 'Set-Cookie': sessionCookie(database, request, accountId, settings.origin) },
    }),
  })
}
