import { hash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { createTenantry } from '../packages/server/src/index.ts'
import { Pool } from '../packages/server/src/store/postgres/pool.ts'
import { makePostgresServer } from '../tests/support/postgres-server.ts'
import { median } from './benchmark.ts'
import { makeToken } from './one-token.ts'

// Look-ups of tokens on PostgreSQL: those of one turn of the event loop as one query, beside one query each on the same
// number of connections, in turn, in the same run. Every answer is checked.
//   npm run bench:look-ups           [-- --rounds 5 --tokens 100000]
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, tokens: { type: 'string', default: '100000' } },
})
const TOKENS = Number(values.tokens)
const AT_ONCE = 64
const LOOK_UPS = 40_000

const server = await makePostgresServer()
if (!server) throw new Error('Install PostgreSQL 15 or newer (Debian: postgresql-15).')
const tenantry = createTenantry({
  store: { url: server.url },
  secrets: ['x'.repeat(32)],
  origin: 'http://localhost:4040',
})
await tenantry.ready
await makeToken(tenantry)
const { store } = tenantry.runtime
await store.write([
  {
    sql: `INSERT INTO access_tokens SELECT 1, sha256(n::text::bytea), 7, 'bench', 'bench', 'base', 1, 9007199254740991
      FROM generate_series(1, $1::int) AS n`,
    parameters: [TOKENS],
  },
])
await store.write([{ sql: 'ANALYZE', parameters: [] }])
const hashes = Array.from({ length: TOKENS }, (_, index) => hash('sha256', String(index + 1), 'buffer'))

const pool = new Pool({ url: server.url })
const ONE = `SELECT t.user_id, t.client_id, t.scopes, t.expires_at, m.name, m.email, m.locale, m.timezone, m.active,
    m.user_active, c.name, c.domain, c.suspended_at, a.disabled_at
  FROM access_tokens t JOIN memberships m ON m.company_id = t.company_id AND m.user_id = t.user_id
    JOIN companies c ON c.company_id = t.company_id JOIN apps a ON a.client_id = t.client_id
  WHERE t.company_id = $1 AND t.token_hash = $2`

const ways = {
  'one query each': async (tokenHash: Uint8Array) =>
    (await pool.read(session => session.arrays(ONE, [1, tokenHash])))[0]?.[0],
  'one query a turn': async (tokenHash: Uint8Array) =>
    (await store.findBearer(Buffer.from(tokenHash).toString('latin1'), 1))?.userId,
}

async function measure(lookUp: (tokenHash: Uint8Array) => Promise<unknown>): Promise<number> {
  const started = performance.now()
  let begun = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (begun++ < LOOK_UPS) {
        const userId = await lookUp(hashes[Math.floor(Math.random() * TOKENS)]!)
        if (userId !== 7) throw new Error(`a wrong answer: ${userId}`)
      }
    }),
  )
  return LOOK_UPS / ((performance.now() - started) / 1000)
}

const samples = new Map(Object.keys(ways).map(name => [name, [] as number[]]))
for (const lookUp of Object.values(ways)) await measure(lookUp)
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, lookUp] of Object.entries(ways)) samples.get(name)!.push(await measure(lookUp))
}
await pool.close()
await tenantry.close()
server.remove()

const each = median(samples.get('one query each')!)
console.table(
  [...samples].map(([name, runs]) => ({
    name,
    per_second: Math.round(median(runs)),
    ratio: Number((median(runs) / each).toFixed(2)),
  })),
)
