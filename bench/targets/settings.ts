import { writeFileSync } from 'node:fs'

/** What a peer is told on its command line: how many grants to make, where, and where to write their tokens. */
export interface RivalSettings {
  grants: number
  /** The file of its SQLite database; in memory when not given. */
  database?: string
  accessTokens: string
  refreshTokens: string
}

export function readSettings(): RivalSettings {
  return JSON.parse(process.argv[2] ?? '{}')
}

export function writeTokens(path: string, tokens: readonly string[]) {
  writeFileSync(path, `${tokens.join('\n')}\n`)
}

/** What the benchmark reads: one line once it answers. */
export function announce(facts: {
  port: number
  userinfo: string
  token: string
  clientId: string
  clientSecret: string
}) {
  console.log(JSON.stringify(facts))
}

/** Every peer has the same people. */
export function person(index: number) {
  return {
    id: `user-${index}`,
    name: `User ${index}`,
    email: `user-${index}@load.example`,
    locale: 'en-US',
    zoneinfo: 'Europe/Helsinki',
  }
}

export const CLIENT_ID = 'bench'
export const CLIENT_SECRET = 'a secret of the benchmark that is long enough'
