import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'

// Debian's Glewlwyd with its OpenID Connect plugin, on SQLite, with grants that were made before. The tokens that it signs are the
// cheapest that it has (HMAC); whether one was revoked is looked up at each request.

/** @type {{ grants: number; accessTokens: string; refreshTokens: string; database: string }} */
const settings = JSON.parse(process.argv[2])
const SCHEMA = '/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz'
const CLIENT_ID = 'bench'
// It does not decode what is form-encoded in Basic (RFC 6749 section 2.3.1).
const CLIENT_SECRET = 'a-secret-of-the-benchmark-that-is-long-enough'
const USER = {
  username: 'bench',
  password: 'a password of the benchmark',
  name: 'User 0',
  email: 'user-0@load.example',
}
/** Each takes as long as a password is hashed. */
const MAX_SIGN_INS = 64
/** Making ten thousand takes a minute at each start. */
const MAX_TOKENS = 1000

const database = new DatabaseSync(settings.database)
database.exec(gunzipSync(readFileSync(SCHEMA)).toString())
database.exec('PRAGMA journal_mode = WAL')
database.prepare('INSERT INTO g_plugin_module_instance (gpmi_module, gpmi_name, gpmi_parameters) VALUES (?, ?, ?)').run(
  'oidc',
  'oidc',
  JSON.stringify({
    iss: 'http://localhost:4593',
    'jwt-type': 'sha',
    'jwt-key-size': '256',
    key: 'a key of the benchmark that is long enough for it',
    'access-token-duration': 30 * 24 * 3600,
    'refresh-token-duration': 60 * 24 * 3600,
    'refresh-token-one-use': 'always',
    'refresh-token-rolling': true,
    'allow-non-oidc': true,
    'auth-type-password-enabled': true,
    'auth-type-refresh-enabled': true,
    'auth-type-code-enabled': true,
    'name-claim': 'mandatory',
    'email-claim': 'mandatory',
  }),
)
database.close()

const port = await freePort()
const at = `http://127.0.0.1:${port}/api`
const config = `${settings.database}.conf`
writeFileSync(
  config,
  `port=${port}
bind_address="127.0.0.1"
external_url="http://localhost:${port}/"
api_prefix="api"
log_mode="console"
log_level="ERROR"
hash_algorithm="SHA512"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
database = { type = "sqlite3"; path = "${settings.database}"; };
`,
)
const server = spawn('glewlwyd', [`--config-file=${config}`], { stdio: ['ignore', 'inherit', 'inherit'] })
server.on('exit', code => process.exit(code ?? 0))
process.on('SIGTERM', () => server.kill('SIGTERM'))
while (!(await fetch(`${at}/config`).catch(() => undefined))) await sleep(20)

const admin = await post('/auth/', { username: 'admin', password: 'password' })
const cookie = admin.headers.getSetCookie()[0].split(';')[0]
await post('/scope/', { name: 'base', password_required: true, password_max_age: 0, scheme: {} }, cookie)
await post('/user/', { ...USER, scope: ['base', 'openid'], enabled: true }, cookie)
const client = {
  client_id: CLIENT_ID,
  name: 'Bench',
  confidential: true,
  client_secret: CLIENT_SECRET,
  authorization_type: ['password', 'refresh_token', 'code'],
  token_endpoint_auth_method: ['client_secret_basic'],
  redirect_uri: ['http://localhost/callback'],
  scope: ['base', 'openid'],
  enabled: true,
}
await post('/client/', client, cookie)

const tokens = Math.min(settings.grants, MAX_TOKENS)
const signIns = Math.min(tokens, MAX_SIGN_INS)
const [accessTokens, refreshTokens] = [[], []]
for (let index = 0; index < signIns; index++) {
  const { username, password } = USER
  keep(await token({ grant_type: 'password', username, password, scope: 'openid' }), index)
}
// Many tokens of few grants: signing in takes as long as a password is hashed.
for (let index = 0; accessTokens.length < tokens; index++) {
  const place = index % signIns
  keep(await token({ grant_type: 'refresh_token', refresh_token: refreshTokens[place] }), place)
}
writeFileSync(settings.accessTokens, `${accessTokens.join('\n')}\n`)
writeFileSync(settings.refreshTokens, `${refreshTokens.join('\n')}\n`)
console.log(
  JSON.stringify({
    port,
    userinfo: '/api/oidc/userinfo',
    token: '/api/oidc/token',
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
  }),
)

function keep({ access_token, refresh_token }, place) {
  accessTokens.push(access_token)
  refreshTokens[place] = refresh_token ?? refreshTokens[place]
}

async function token(form) {
  const answer = await fetch(`${at}/oidc/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${CLIENT_ID}:${CLIENT_SECRET}`)}` },
    body: new URLSearchParams(form),
  })
  if (!answer.ok) throw new Error(`${form.grant_type}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

async function post(path, body, cookie = '') {
  const headers = { 'Content-Type': 'application/json', Cookie: cookie }
  const answer = await fetch(at + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer
}

function freePort() {
  return new Promise(resolve => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}
