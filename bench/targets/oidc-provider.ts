import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import OidcProvider, { type Adapter, type AdapterPayload } from 'oidc-provider'
import { announce, CLIENT_ID, CLIENT_SECRET, person, readSettings, writeTokens } from './settings.ts'

// oidc-provider with grants that were made before; its models in memory, or in SQLite with the settings that Tenantry has.
const settings = readSettings()

/** Its own adapter in memory keeps a thousand entries; this one keeps all. */
class MemoryAdapter implements Adapter {
  static readonly entries = new Map<string, AdapterPayload>()
  readonly #kind: string
  constructor(kind: string) {
    this.#kind = kind
  }
  async upsert(id: string, payload: AdapterPayload) {
    MemoryAdapter.entries.set(`${this.#kind} ${id}`, payload)
  }
  async find(id: string) {
    return MemoryAdapter.entries.get(`${this.#kind} ${id}`)
  }
  async consume(id: string) {
    const payload = await this.find(id)
    if (payload) payload.consumed = Math.floor(Date.now() / 1000)
  }
  async destroy(id: string) {
    MemoryAdapter.entries.delete(`${this.#kind} ${id}`)
  }
  async findByUid() {
    return undefined
  }
  async findByUserCode() {
    return undefined
  }
  async revokeByGrantId() {}
}

/** A row for each, committed and synced before it is answered. */
function sqliteAdapter(path: string): new (kind: string) => Adapter {
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA mmap_size = 1073741824;
    CREATE TABLE entries (kind TEXT, id TEXT, payload TEXT, grant_id TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID;
    CREATE INDEX entries_grant ON entries (grant_id)`)
  const upsert = database.prepare(
    'INSERT INTO entries VALUES (?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET payload = excluded.payload',
  )
  const find = database.prepare('SELECT payload FROM entries WHERE kind = ? AND id = ?')
  const consume = database.prepare(
    "UPDATE entries SET payload = json_set(payload, '$.consumed', ?) WHERE kind = ? AND id = ?",
  )
  const destroy = database.prepare('DELETE FROM entries WHERE kind = ? AND id = ?')
  const revoke = database.prepare('DELETE FROM entries WHERE grant_id = ?')
  return class SqliteAdapter implements Adapter {
    readonly #kind: string
    constructor(kind: string) {
      this.#kind = kind
    }
    async upsert(id: string, payload: AdapterPayload) {
      upsert.run(this.#kind, id, JSON.stringify(payload), payload.grantId ?? null)
    }
    async find(id: string) {
      const row = find.get(this.#kind, id)
      return row && (JSON.parse(String(row.payload)) as AdapterPayload)
    }
    async consume(id: string) {
      consume.run(Math.floor(Date.now() / 1000), this.#kind, id)
    }
    async destroy(id: string) {
      destroy.run(this.#kind, id)
    }
    async findByUid() {
      return undefined
    }
    async findByUserCode() {
      return undefined
    }
    async revokeByGrantId(grantId: string) {
      revoke.run(grantId)
    }
  }
}

const server = createServer()
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo

const DAY = 24 * 3600
const provider = new OidcProvider(`http://localhost:${port}`, {
  adapter: settings.database === undefined ? MemoryAdapter : sqliteAdapter(settings.database),
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      redirect_uris: ['http://localhost/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      application_type: 'native',
    },
  ],
  claims: { openid: ['sub'], profile: ['name', 'locale', 'zoneinfo'], email: ['email'] },
  features: { devInteractions: { enabled: false }, userinfo: { enabled: true } },
  findAccount: async (_, id) => {
    const { id: sub, ...claims } = person(Number(id.slice('user-'.length)))
    return { accountId: id, claims: async () => ({ sub, ...claims }) }
  },
  cookies: { keys: ['a key of the benchmark'] },
  issueRefreshToken: async () => true,
  rotateRefreshToken: () => true,
  ttl: {
    AccessToken: 30 * DAY,
    Grant: 60 * DAY,
    IdToken: 3600,
    RefreshToken: 60 * DAY,
    Session: DAY,
    Interaction: 600,
  },
})
const client = (await provider.Client.find(CLIENT_ID))!
const SCOPE = 'openid profile email offline_access'
const accessTokens: string[] = []
const refreshTokens: string[] = []
for (let index = 0; index < settings.grants; index++) {
  const accountId = person(index).id
  const grant = new provider.Grant({ accountId, clientId: CLIENT_ID })
  grant.addOIDCScope(SCOPE)
  const given = { accountId, client, grantId: await grant.save(), gty: 'authorization_code', scope: SCOPE }
  accessTokens.push(await new provider.AccessToken(given).save())
  refreshTokens.push(await new provider.RefreshToken({ ...given, rotations: 0 } as never).save())
}
writeTokens(settings.accessTokens, accessTokens)
writeTokens(settings.refreshTokens, refreshTokens)
server.on('request', provider.callback())
announce({ port, userinfo: '/me', token: '/token', clientId: CLIENT_ID, clientSecret: CLIENT_SECRET })
