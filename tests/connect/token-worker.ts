import { createConnect, type LinkStore, useAccount } from '@tenantry/connect'
import { postgresStore } from '@tenantry/connect/postgres'
import { sqliteStore } from '@tenantry/connect/sqlite'

/** What the test tells a worker at its start. */
export interface WorkerOptions {
  store: string
  issuer: string
  clientId: string
  clientSecret: string
  redirectUri: string
  encryptionKey: string
  /** Says when the provider has answered a refresh, and then never writes what came. */
  hangsBeforeWriting: boolean
}

/** A round: so many tasks ask for a token at this moment. */
export interface Round {
  now: number
  tasks: number
}

export interface RoundResult {
  tokens: string[]
  errors: string[]
}

// A process of an app of which several run: see many-processes.test.ts.
const options = JSON.parse(process.argv[2]!) as WorkerOptions
let now = 0
const inner = options.store.startsWith('postgres:') ? postgresStore(options.store) : sqliteStore(options.store)
const store: LinkStore = options.hangsBeforeWriting ? { ...inner, replaceLink: hang } : inner
const connect = createConnect({
  provider: (await import('@tenantry/connect')).tenantry({ issuer: options.issuer }),
  clientId: options.clientId,
  clientSecret: options.clientSecret,
  redirectUri: options.redirectUri,
  encryptionKeys: [options.encryptionKey],
  store,
  clock: () => now,
  onInstall: () => useAccount('not asked'),
})

process.on('message', async (round: Round) => {
  now = round.now
  const asked = Array.from({ length: round.tasks }, () => connect.accessToken({ companyId: 1, userId: 777 }))
  const settled = await Promise.allSettled(asked)
  const result: RoundResult = {
    tokens: [...new Set(settled.flatMap(one => (one.status === 'fulfilled' ? [one.value] : [])))],
    errors: settled.flatMap(one => (one.status === 'rejected' ? [String(one.reason)] : [])),
  }
  process.send?.(result)
})
process.send?.('ready')

async function hang(): Promise<boolean> {
  process.send?.('answered')
  return new Promise(() => {})
}
