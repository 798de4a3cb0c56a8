import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { type Connect, createAccount, createConnect, memoryStore, tenantry } from '@tenantry/connect'
import type { PrismaRawClient } from '@tenantry/connect/prisma'
import { type Protected, protect } from '@tenantry/resource'
import {
  type App,
  addMember,
  type CompanyRow,
  createApp,
  createCompany,
  createResourceServer,
  createTenantry,
  createUser,
  type ResourceServer,
  type Runtime,
  type Tenantry,
  type UserRow,
} from 'tenantry'

/** What the examples of docstrings work on. */
export interface ExampleWorld {
  runtime: Runtime
  company: CompanyRow
  /** A member of the company. */
  user: UserRow
  /** A member of no company. */
  newUser: UserRow
  app: App
  resourceServer: ResourceServer
  /** It, as its own server protects it. */
  notes: Protected
  /** The kit of an app at `https://app.example`. */
  connect: Connect
  /** A client of Prisma on SQLite, as far as the kit needs one. */
  prisma: PrismaRawClient
}

/** A provider in memory with a company, its member, another user and an app. */
export async function makeExampleWorld(): Promise<{ provider: Tenantry; world: ExampleWorld }> {
  const provider = createTenantry({
    store: { path: ':memory:' },
    secrets: ['x'.repeat(32)],
    origin: 'https://id.example.com',
  })
  await provider.ready
  const { runtime } = provider
  const company = await createCompany(runtime, { name: 'MI6', domain: 'mi6' })
  const user = await createUser(runtime, { email: 'james.bond@mi6.example', name: 'James Bond' })
  const newUser = await createUser(runtime, { email: 'q@mi6.example', name: 'Q' })
  await addMember(runtime, { companyId: company.company_id, userId: user.user_id })
  const { app } = await createApp(runtime, {
    name: 'Notes',
    redirectUris: ['https://notes.example/callback'],
    scopes: ['base'],
  })
  const { resourceServer } = await createResourceServer(runtime, {
    name: 'An API',
    identifier: 'https://api.example.com',
  })
  const notes = protect({
    issuer: 'https://id.example.com',
    identifier: 'https://notes.example.com',
    credentials: { clientId: resourceServer.clientId, clientSecret: 'its secret' },
    fetch: (input, init) => provider.fetch(new Request(input, init)),
  })
  const connect = createConnect({
    provider: tenantry({ issuer: 'https://id.example.com' }),
    clientId: app.clientId,
    clientSecret: 'its secret',
    redirectUri: 'https://app.example/connect/callback',
    store: memoryStore(),
    encryptionKeys: [Buffer.alloc(32).toString('base64')],
    onInstall: ({ identity }) => createAccount(() => identity.key),
  })
  const database = new DatabaseSync(':memory:')
  const prisma: PrismaRawClient = {
    $queryRawUnsafe: async <T>(text: string, ...values: unknown[]) =>
      database.prepare(text).all(...(values as SQLInputValue[])) as T,
  }
  return { provider, world: { runtime, company, user, newUser, app, resourceServer, notes, connect, prisma } }
}
