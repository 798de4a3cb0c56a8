import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createResourceServer, createTenantry } from '../packages/server/src/index.ts'
import { putInstallation } from '../packages/server/src/store/queries/installations.ts'
import { issueFirstTokens } from '../packages/server/src/tokens/issue.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { median, round } from './benchmark.ts'
import { loadFully } from './load/wrk.ts'
import { describeMachine } from './machine.ts'
import { makeToken } from './one-token.ts'
import { startTarget } from './targets/start.ts'
import { SECRET, serveTenantry } from './targets/tenantry.ts'

// A route that @tenantry/resource protects beside one that nothing protects, and beside one that checks JWTs with jose. The
// provider runs on the same core: what introspection costs it is in the figure.
//   npm run bench:resource
const ROUNDS = 3
const SECONDS = 3
const TOKENS = 1000
const IDENTIFIER = 'https://notes.example'

const folder = temporaryFolder()
const tenantry = createTenantry({
  store: { path: join(folder.path, 'tenantry.db') },
  secrets: [SECRET],
  origin: 'http://localhost:4040',
})
await tenantry.ready
await makeToken(tenantry)
const { runtime } = tenantry
const { store } = runtime
const { resourceServer, clientSecret } = await createResourceServer(runtime, { name: 'Notes', identifier: IDENTIFIER })
const key = { company_id: 1, user_id: 7, client_id: 'bench' }
const now = Date.now()
await store
  .write([putInstallation(store, { ...key, scopes: 'base', created_at: now, updated_at: now }, undefined)])
  .catch(() => {})
const opaque: string[] = []
for (let index = 0; index < TOKENS; index++) {
  const family = {
    ...key,
    family_id: randomBytes(12).toString('hex'),
    resources: String(resourceServer.resourceServerId),
  }
  const { tokens, statements } = issueFirstTokens(runtime, family, ['base'])
  await store.write(statements)
  opaque.push(tokens.accessToken)
}
await tenantry.close()

const { privateKey, publicKey } = await generateKeyPair('ES256')
const jwts = await Promise.all(
  Array.from({ length: TOKENS }, (_, index) =>
    new SignJWT({ company_id: 1, jti: String(index) })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer('http://localhost')
      .setAudience(IDENTIFIER)
      .setExpirationTime('1h')
      .sign(privateKey),
  ),
)
const files = { opaque: join(folder.path, 'opaque'), jwt: join(folder.path, 'jwt') }
writeFileSync(files.opaque, `${opaque.join('\n')}\n`)
writeFileSync(files.jwt, `${jwts.join('\n')}\n`)

const provider = await serveTenantry({ flags: ['--data', folder.path] })
const credentials = { clientId: resourceServer.clientId, clientSecret }
const introspecting = {
  issuer: 'http://localhost:4040',
  at: `http://127.0.0.1:${provider.port}`,
  identifier: IDENTIFIER,
  credentials,
}
const checking = { issuer: 'http://localhost', identifier: IDENTIFIER, jwks: { keys: [await exportJWK(publicKey)] } }
const TARGET = fileURLToPath(new URL('./targets/resource.ts', import.meta.url))
const ways = [
  { way: 'open', options: {}, tokens: files.opaque },
  { way: 'introspection', options: introspecting, tokens: files.opaque },
  { way: 'jwt', options: checking, tokens: files.jwt },
]
const figures = new Map<string, number[]>(ways.map(({ way }) => [way, []]))
for (let index = 0; index < ROUNDS; index++) {
  for (const { way, options, tokens } of ways) {
    const target = await startTarget([TARGET, way, JSON.stringify(options)])
    const endpoint = { port: target.port, path: '/', tokens, holds: '"company_id":1' }
    await loadFully(endpoint, 1)
    figures.get(way)!.push((await loadFully(endpoint, SECONDS)).perSecond)
    await target.stop()
  }
}
await provider.stop()
folder.remove()

console.log(describeMachine())
const open = median(figures.get('open')!)
for (const [way, each] of figures) {
  console.log(
    `  ${way.padEnd(14)} ${Math.round(median(each)).toLocaleString('en')} requests a second, ${round(median(each) / open, 2)} of open`,
  )
}
