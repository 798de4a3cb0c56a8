import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addMember, createApp, createCompany, createTenantry, createUser } from '../../packages/server/src/index.ts'
import { hashPassword } from '../../packages/server/src/sign-in/password.ts'
import { putInstallation } from '../../packages/server/src/store/queries/installations.ts'
import { setPasswordHash } from '../../packages/server/src/store/queries/users.ts'
import { issueFirstTokens } from '../../packages/server/src/tokens/issue.ts'
import { lastingPort } from '../../tests/support/sandbox-process.ts'
import { type CertificateFiles, pathOf, startTarget, type Target } from './start.ts'

export const SECRET = 'a secret of the benchmark that is long enough'
export const MAIN = pathOf('../../packages/server/src/cli/main.ts')

/** A filled database, and what an app that was registered in it knows. */
export interface Store {
  /** `--data DIR` or `--database URL`. */
  flags: string[]
  /** The access tokens that `tenantry load` made, a million of them at most, in no order, one a line. */
  tokens: string
  clientId: string
  clientSecret: string
  /** Of the registered app: one for each of its installations. */
  refreshTokens: string[]
  /** Who has them; they can sign in with {@link PASSWORD}. */
  people: BenchPerson[]
}

export interface BenchPerson {
  email: string
  companyId: number
  userId: number
}

export const PASSWORD = 'a password of the benchmark'

/** What the load generator can hold. */
const MAX_SAMPLED = 1_000_000

/** Fills an empty database, and registers an app in it with some installations of its own. */
export async function makeStore(
  flags: string[],
  folder: string,
  { tokens, grants }: { tokens: number; grants: number },
): Promise<Store> {
  return { ...fillStore(flags, folder, tokens), ...(await addGrants(flags, grants)) }
}

/**
 * Fills an empty database with `tenantry load`.
 * @param main the program's file, where another checkout's is meant
 * @param more flags of `tenantry load`, such as the number of users
 */
export function fillStore(
  flags: string[],
  folder: string,
  tokens: number,
  main = MAIN,
  more: string[] = [],
): Pick<Store, 'flags' | 'tokens'> {
  const file = join(folder, `tokens-${tokens}-${flags.join('-').replace(/\W+/g, '-')}`)
  const sample = ['--sample', file, '--sample-size', String(Math.min(tokens, MAX_SAMPLED))]
  const args = [main, 'load', ...flags, '--tokens', String(tokens), ...more, ...sample]
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`tenantry load: ${stderr}`)
  return { flags, tokens: file }
}

/** An app, and members who installed it, as the program itself makes them. */
export async function addGrants(flags: string[], grants: number) {
  const [name, value = ''] = flags
  const tenantry = createTenantry({
    store: name === '--database' ? { url: value } : { path: join(value, 'tenantry.db') },
    secrets: [SECRET],
    origin: 'http://localhost:4040',
  })
  await tenantry.ready
  const { runtime } = tenantry
  const { app, clientSecret } = await createApp(runtime, { name: 'Bench', redirectUris: ['http://127.0.0.1/callback'] })
  const company = await createCompany(runtime, { name: 'Bench', domain: 'bench' })
  const refreshTokens: string[] = []
  const people: BenchPerson[] = []
  const passwordHash = await hashPassword(PASSWORD)
  for (let index = 0; index < grants; index++) {
    const user = await createUser(runtime, { email: `bench-${index}@bench.example`, name: `Bench ${index}` })
    const [companyId, userId] = [company.company_id, user.user_id]
    await runtime.store.write([setPasswordHash(runtime.store, userId, passwordHash, runtime.clock())])
    people.push({ email: `bench-${index}@bench.example`, companyId, userId })
    await addMember(runtime, { companyId, userId })
    const key = { company_id: companyId, user_id: userId, client_id: app.clientId }
    const now = runtime.clock()
    const { tokens, statements } = issueFirstTokens(runtime, { ...key, family_id: `bench-${index}` }, ['base'])
    const installation = putInstallation(
      runtime.store,
      { ...key, scopes: 'base', created_at: now, updated_at: now },
      undefined,
    )
    await runtime.store.write([installation, ...statements])
    refreshTokens.push(tokens.refreshToken)
  }
  await tenantry.close()
  return { clientId: app.clientId, clientSecret: clientSecret!, refreshTokens, people }
}

export interface ServeOptions {
  /** The program's file, where another checkout's is meant. */
  main?: string
  workers?: number
  /** A Bun to run it on instead of Node. */
  program?: string
  /** With the request log, which is on in production, and peers do not have. */
  log?: boolean
  /** Before the program, as `strace …`. */
  wrap?: string[]
  anyCore?: boolean
  /** A folder for the profiles of its threads. */
  profileTo?: string
  /** Over TLS. */
  certificate?: CertificateFiles
}

/** `tenantry serve`, as in production but for the address. */
export async function serveTenantry({ flags }: Pick<Store, 'flags'>, options: ServeOptions = {}): Promise<Target> {
  const port = Number(await lastingPort())
  const { main = MAIN, workers = 1, program, log = false, wrap = [], anyCore = false, profileTo, certificate } = options
  const tls = certificate ? ['--tls-cert', certificate.cert, '--tls-key', certificate.key] : []
  return startTarget([main, 'serve', '--port', String(port), '--workers', String(workers), ...tls, ...flags], {
    environment: {
      TENANTRY_ORIGIN: 'http://localhost:4040',
      TENANTRY_MODE: 'development',
      TENANTRY_SECRETS: SECRET,
      TENANTRY_LOG_LEVEL: log ? 'info' : 'warn',
      TENANTRY_TRUSTED_PROXIES: '1',
      ...(profileTo !== undefined && {
        NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=200 --cpu-prof-dir=${profileTo}`,
      }),
    },
    wrap,
    anyCore,
    port,
    tls: certificate !== undefined,
    ...(program !== undefined && { program }),
  })
}

/** The first so many of a file of tokens, as a file. */
export function someOf(tokens: string, count: number): string {
  const path = `${tokens}-first-${count}`
  writeFileSync(path, `${readFileSync(tokens, 'utf8').split('\n').slice(0, count).join('\n')}\n`)
  return path
}
