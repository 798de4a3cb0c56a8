import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { oauthProvider } from '@better-auth/oauth-provider'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'

// better-auth's OAuth provider on SQLite, with the settings that Tenantry has and grants that were made before.
const settings = JSON.parse(process.argv[2])
const CLIENT_ID = 'bench'
const CLIENT_SECRET = 'a secret of the benchmark that is long enough'
const DAY = 24 * 3600 * 1000

const server = createServer()
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address()

const database = new DatabaseSync(settings.database ?? ':memory:')
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA mmap_size = 1073741824')
const auth = betterAuth({
  baseURL: `http://localhost:${port}`,
  secret: CLIENT_SECRET,
  database,
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  disabledPaths: ['/token'],
  plugins: [
    jwt({ disableSettingJwtHeader: true }),
    oauthProvider({
      loginPage: '/sign-in',
      consentPage: '/consent',
      silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
    }),
  ],
})
const { runMigrations } = await getMigrations(auth.options)
await runMigrations()
const { adapter } = await auth.$context
const hash = text => createHash('sha256').update(text).digest('base64url')
const now = Date.now()
await adapter.create({
  model: 'oauthClient',
  data: {
    clientId: CLIENT_ID,
    clientSecret: hash(CLIENT_SECRET),
    name: 'Bench',
    redirectUris: ['http://localhost/callback'],
    grantTypes: ['authorization_code', 'refresh_token'],
    responseTypes: ['code'],
    tokenEndpointAuthMethod: 'client_secret_basic',
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    disabled: false,
    createdAt: new Date(now),
    updatedAt: new Date(now),
  },
})
const scopes = ['openid', 'profile', 'email', 'offline_access']
const [accessTokens, refreshTokens] = [[], []]
database.exec('PRAGMA synchronous = OFF')
for (let index = 0; index < settings.grants; index++) {
  const user = await adapter.create({
    model: 'user',
    data: {
      name: `User ${index}`,
      email: `user-${index}@load.example`,
      emailVerified: true,
      createdAt: new Date(now),
      updatedAt: new Date(now),
    },
  })
  const [accessToken, refreshToken] = [`bench-access-token-of-user-${index}`, `bench-refresh-token-of-user-${index}`]
  const grant = { clientId: CLIENT_ID, userId: user.id, scopes, createdAt: new Date(now) }
  await adapter.create({
    model: 'oauthRefreshToken',
    data: { ...grant, token: hash(refreshToken), expiresAt: new Date(now + 60 * DAY) },
  })
  await adapter.create({
    model: 'oauthAccessToken',
    data: { ...grant, token: hash(accessToken), expiresAt: new Date(now + 30 * DAY) },
  })
  accessTokens.push(accessToken)
  refreshTokens.push(refreshToken)
}
database.exec('PRAGMA synchronous = FULL')
writeFileSync(settings.accessTokens, `${accessTokens.join('\n')}\n`)
writeFileSync(settings.refreshTokens, `${refreshTokens.join('\n')}\n`)
server.on('request', toNodeHandler(auth))
console.log(
  JSON.stringify({
    port,
    userinfo: '/api/auth/oauth2/userinfo',
    token: '/api/auth/oauth2/token',
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
  }),
)
