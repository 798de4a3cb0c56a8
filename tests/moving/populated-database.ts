import { join } from 'node:path'
import { createTenantry, createUser } from 'tenantry'
import { beforeEach, expect } from 'vitest'
import { Client, type TokenAnswer } from '../support/client.ts'
import { Person } from '../support/person.ts'
import { BOND, MI6, SECRET, startProvider, UNIVERSAL_EXPORTS } from '../support/provider.ts'
import { runCommand, temporaryFolder } from '../support/sandbox-process.ts'

/** The folder of the running test. */
export let folder: ReturnType<typeof temporaryFolder>
/** A database file in it in which everything has happened once. */
export let path: string
/** What an app and a browser hold of that. */
export let held: Held
/** Where the test may write an export. */
export let file: string

/** Gives each test of a file a database in which everything has happened once. */
export function usePopulatedDatabase(): void {
  beforeEach(async () => {
    folder = temporaryFolder()
    path = join(folder.path, 'tenantry.db')
    file = join(folder.path, 'export.ndjson')
    held = await live(path)
    return () => folder.remove()
  })
}

/** What an app and a browser hold, to be used again elsewhere. */
export interface Held {
  client: Client
  tokens: TokenAnswer
  /** A refresh token that was used, with what it gave. */
  used: { before: TokenAnswer; after: TokenAnswer }
  revoked: TokenAnswer
  cookies: Map<string, string>
}

/** Makes a database file in which everything has happened once. */
async function live(path: string): Promise<Held> {
  const provider = await startProvider({ store: { path }, clock: Date.now })
  const client = await provider.registerApp({ uninstallUrl: 'http://127.0.0.1:9/gone' })
  const person = provider.person()
  const tokens = await client.tokens(await person.code(client, { company: MI6 }))
  const before = await client.tokens(await person.code(client, { company: UNIVERSAL_EXPORTS }))
  const after = await client.refreshed(before.refresh_token)
  const other = await provider.registerApp()
  const revoked = await other.tokens(await person.code(other, { company: MI6 }))
  await other.revoke(revoked.refresh_token)
  await provider.close()
  return { client, tokens, used: { before, after }, revoked, cookies: person.cookies }
}

/** Everything that was held works at another server, and what was revoked does not. */
export async function expectAlive(store: { path: string } | { url: string }, held: Held) {
  const tenantry = createTenantry({ store, secrets: [SECRET], origin: 'http://localhost:4040' })
  await tenantry.ready
  const fetch = (path: string, init?: RequestInit) =>
    tenantry.fetch(new Request(new URL(path, 'http://localhost:4040'), init))
  const client = new Client(fetch, held.client.id, held.client.secret, held.client.redirectUri)
  const me = await client.me(held.tokens.access_token)
  expect([me.status, ((await me.json()) as { data: object }).data]).toMatchObject([200, { id: BOND, company_id: MI6 }])
  expect((await client.me(held.revoked.access_token)).status).toBe(401)
  // The answer to a retry is derived under keys that have moved too.
  expect((await client.refreshed(held.used.before.refresh_token)).refresh_token).toBe(held.used.after.refresh_token)
  expect((await client.refresh(held.tokens.refresh_token)).status).toBe(200)
  const person = new Person(fetch)
  for (const [name, value] of held.cookies) person.cookies.set(name, value)
  expect((await person.request('/connected-apps')).status).toBe(200)
  const next = await createUser(tenantry.runtime, { email: 'new@mi6.example', name: 'New' })
  expect(next.user_id).toBeGreaterThan(BOND)
  await tenantry.close()
}

/** A command that does what it was asked; what it printed. */
export async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args)
  expect({ args, code, stderr: code === 0 ? stderr : '' }).toEqual({ args, code: 0, stderr: '' })
  return stdout
}

/** A command that refuses; the one sentence that it says. */
export async function fail(...args: string[]): Promise<string> {
  const { code, stderr } = await runCommand(args)
  expect({ args, code }).toEqual({ args, code: 1 })
  expect(stderr.trim().split('\n')).toHaveLength(1)
  return stderr
}
