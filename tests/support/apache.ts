import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasPackage } from './debian-package.ts'
import { freePort } from './free-port.ts'
import { waitForPort } from './wait-for-port.ts'

const MODULES = '/usr/lib/apache2/modules'

export function hasApacheWithOpenid(): boolean {
  return (
    hasPackage('apache2', '/usr/sbin/apache2') &&
    hasPackage('libapache2-mod-auth-openidc', `${MODULES}/mod_auth_openidc.so`)
  )
}

/** An Apache whose page `/private/` is for those who signed in, and answers who they are in its headers. */
export async function startApache(
  configure: (port: number) => Promise<{ issuer: string; clientId: string; clientSecret: string; scope: string }>,
): Promise<{ origin: string; stop(): Promise<void> }> {
  const folder = mkdtempSync('/tmp/tenantry-apache-')
  const port = await freePort()
  const { issuer, clientId, clientSecret, scope } = await configure(port)
  // Its workers run as a user without rights.
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'private'))
  writeFileSync(join(folder, 'private/index.html'), 'for members')
  writeFileSync(join(folder, 'index.html'), 'for all')
  const load = ['mpm_event', 'authz_core', 'authz_user', 'authn_core', 'dir', 'headers', 'auth_openidc']
  writeFileSync(
    join(folder, 'apache.conf'),
    `${load.map(name => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
LogLevel warn auth_openidc:debug
DocumentRoot ${folder}
DirectoryIndex index.html
User www-data
Group www-data
OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID ${clientId}
OIDCClientSecret ${clientSecret}
OIDCScope "${scope}"
OIDCRedirectURI http://localhost:${port}/private/callback
OIDCCryptoPassphrase a-passphrase-of-the-tests
OIDCPKCEMethod S256
OIDCRemoteUserClaim sub
<Location /private/>
  AuthType openid-connect
  Require valid-user
  Header set X-Sub "expr=%{REMOTE_USER}"
  Header set X-Company "%{OIDC_CLAIM_company_id}e"
  Header set X-Name "%{OIDC_CLAIM_name}e"
  Header set X-Email "%{OIDC_CLAIM_email}e"
</Location>
<Location /private/callback>
  Header unset X-Sub
</Location>
`,
  )
  const child = spawn('/usr/sbin/apache2', ['-f', join(folder, 'apache.conf'), '-DFOREGROUND'], { stdio: 'inherit' })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const early = ended.then(() => {
    throw new Error(readFileSync(join(folder, 'error.log'), 'utf8'))
  })
  await Promise.race([waitForPort(port), early])
  early.catch(() => {})
  return {
    origin: `http://localhost:${port}`,
    async stop() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
