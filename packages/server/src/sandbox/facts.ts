import { randomBytes } from 'node:crypto'
import { decryptClientSecret } from '../apps/apps.ts'
import { authenticate } from '../config/keys.ts'
import type { Runtime } from '../config/runtime.ts'
import { putAdminKey } from '../store/queries/admin-keys.ts'
import { findApp } from '../store/queries/apps.ts'
import { findInstallation, putInstallation } from '../store/queries/installations.ts'
import { isInForce, listMembershipsOfUser } from '../store/queries/memberships.ts'
import { listUsers } from '../store/queries/users.ts'
import { WriteConflict } from '../store/store.ts'
import { isInGoodStanding } from '../tokens/bearer.ts'
import { issueFirstTokens } from '../tokens/issue.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { hashAsText, hashSecret, newAdminKey, parseToken, toSecret } from '../tokens/token-text.ts'
import type { Desk } from './desk.ts'
import { sandboxPassword, sandboxUsers } from './people.ts'
import { SANDBOX_CLIENT_ID } from './seed.ts'

/** What `tenantry dev` prints: values that can be used now. */
export interface SandboxFacts {
  origin: string
  client_id: string
  client_secret: string
  /** Of the first sandbox user who is active somewhere; null when the app is disabled or no user is active. */
  access_token: string | null
  password: string
  /** May do everything at the admin API. The same for every node of the sandbox. */
  admin_key: string
  /** The address of the company desk, an MCP server, with `{company_domain}` in it; null where the example is not there. */
  mcp_url: string | null
  users: SandboxUserFacts[]
}

export interface SandboxUserFacts {
  user_id: number
  name: string
  email: string
  /** The companies where the user is active. */
  companies: number[]
  /** Present where the password is not the sandbox's any more. */
  password_changed?: true
}

/** The encrypted client secret cannot be decrypted: the data folder lost its secret. */
export class SandboxSecretLost extends Error {
  override name = 'SandboxSecretLost'
}

/** @throws {SandboxSecretLost} */
export async function gatherFacts(runtime: Runtime, desk?: Desk): Promise<SandboxFacts> {
  const { app, secret } = await readApp(runtime)
  return {
    origin: runtime.settings.origin,
    client_id: app.client_id,
    client_secret: secret,
    access_token: app.disabled_at === null ? await issueReadyToken(runtime, storedScopes(app.scopes)) : null,
    password: sandboxPassword,
    admin_key: await makeAdminKey(runtime),
    mcp_url: desk?.identifier ?? null,
    users: await gatherUsers(runtime),
  }
}

/** Derived from the keys of the sandbox, so that it is known again at the next start, and to other nodes. */
async function makeAdminKey({ keys, store, clock }: Runtime): Promise<string> {
  const key = newAdminKey(toSecret(authenticate(keys.successor[0]!, 'admin key of the sandbox')))
  const row = { key_id: 'sandbox', name: 'Sandbox', key_hash: hashSecret(key), scopes: '*', company_id: null }
  await store.write([putAdminKey(store, { ...row, created_at: clock(), expires_at: null, last_used_at: null })])
  return key
}

async function readApp(runtime: Runtime) {
  const app = await findApp(runtime.store, SANDBOX_CLIENT_ID)
  const secret = app && decryptClientSecret(runtime, app)
  if (!app || secret === undefined) throw new SandboxSecretLost()
  return { app, secret }
}

/** The facts as they are by now: the app's secret, who is active where, and a token that still speaks. */
export async function refreshFacts(runtime: Runtime, facts: SandboxFacts): Promise<SandboxFacts> {
  const companyId = facts.access_token === null ? undefined : parseToken(facts.access_token)?.companyId
  const bearer = companyId && (await runtime.store.findBearer(hashAsText(facts.access_token!), companyId))
  const stillSpeaks = bearer && bearer.expiresAt > runtime.clock() && isInGoodStanding(bearer)
  if (!stillSpeaks) return { ...(await gatherFacts(runtime)), mcp_url: facts.mcp_url }
  return { ...facts, client_secret: (await readApp(runtime)).secret, users: await gatherUsers(runtime) }
}

async function gatherUsers({ store }: Runtime): Promise<SandboxUserFacts[]> {
  const sandboxIds = new Set(sandboxUsers.map(({ userId }) => userId))
  const users = (await listUsers(store)).filter(({ user_id }) => sandboxIds.has(user_id))
  return Promise.all(
    users.map(async ({ user_id, name, email, created_at, password_changed_at }) => {
      const memberships = await listMembershipsOfUser(store, user_id)
      const active = memberships.filter(isInForce)
      return {
        user_id,
        name,
        email,
        companies: active.map(({ company_id }) => company_id),
        ...(password_changed_at === created_at ? {} : { password_changed: true as const }),
      }
    }),
  )
}

/** A token of the first sandbox user at the first company that lets one be issued: James Bond at MI6. */
async function issueReadyToken(runtime: Runtime, scopes: string[]): Promise<string | null> {
  for (const { userId, at } of sandboxUsers) {
    for (const companyId of Object.keys(at).map(Number)) {
      const token = await tryToken(runtime, companyId, userId, scopes)
      if (token) return token
    }
  }
  return null
}

async function tryToken(runtime: Runtime, companyId: number, userId: number, scopes: string[]) {
  const { store, clock } = runtime
  const key = { company_id: companyId, user_id: userId, client_id: SANDBOX_CLIENT_ID }
  const before = await findInstallation(store, key)
  const family = { ...key, family_id: randomBytes(12).toString('hex') }
  const { tokens, statements } = issueFirstTokens(runtime, family, scopes)
  const installation = {
    ...key,
    scopes: scopes.join(' '),
    created_at: before?.created_at ?? clock(),
    updated_at: clock(),
  }
  try {
    await store.write([putInstallation(store, installation, before), ...statements])
    return tokens.accessToken
  } catch (error) {
    if (error instanceof WriteConflict) return undefined
    throw error
  }
}
