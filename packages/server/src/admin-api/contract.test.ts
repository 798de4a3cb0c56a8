import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type AdminAnswer, admin, adminWith, useAdmin } from '../../../../tests/support/admin.ts'
import { BOND, CALLBACK, MI6, MONEYPENNY } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { askForApp } from '../apps/app-requests.ts'
import { cutOldEvents } from '../audit/retention.ts'
import { rateLimiterOf } from '../rate-limits/rate-limiter.ts'
import { issueChallenge } from '../sign-in/external/challenge.ts'
import { StoreUnavailable, WriteConflict } from '../store/store.ts'
import { newToken } from '../tokens/token-text.ts'
import { api } from './api.ts'
import { createDocument } from './openapi.ts'

type JsonSchema = Record<string, unknown>

interface OperationObject {
  operationId: string
  summary: string
  tags: string[]
  parameters?: { name: string; in: string; required?: boolean; schema: JsonSchema }[]
  requestBody?: { content: Record<string, { schema: JsonSchema }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: JsonSchema }> }>
}

const document = createDocument(api, 'http://localhost:4040') as unknown as {
  paths: Record<string, Record<string, OperationObject>>
  components: { schemas: Record<string, JsonSchema> }
  tags: { name: string }[]
}
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path: path.replace('/admin/v1', ''),
    operation,
  })),
)
const json = operations.filter(({ path }) => path !== '/bulk')

/** Holds an answer against the description: its status, the type and the shape of its body. */
function expectDocumented({ responses }: OperationObject, { status, headers, body }: AdminAnswer) {
  const documented = responses[status]
  expect(Object.keys(responses)).toContain(String(status))
  const [type, { schema } = { schema: undefined }] = Object.entries(documented!.content ?? {})[0] ?? []
  if (schema === undefined) expect(body).toBe('')
  else {
    expect(headers.get('Content-Type')).toBe(type)
    schemaOf(schema).parse(body)
  }
}

function schemaOf(schema: JsonSchema): z.ZodType {
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas })
  return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')))
}

describe('the description of the admin API', () => {
  useProvider()
  useAdmin()
  beforeEach(async () => {
    await client.tokens(await person.code(client, { company: MI6 }))
  })

  it('each operation has an id of its own, a summary and a known tag', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBeGreaterThan(30)
    const tags = new Set(document.tags.map(({ name }) => name))
    for (const { operation } of operations) {
      expect(operation.summary).toMatch(/^[A-Z].*[^.]$/)
      for (const tag of operation.tags) expect(tags).toContain(tag)
    }
  })

  it('each parameter in a path is declared, and nothing else is', () => {
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const declared = (operation.parameters ?? []).filter(each => each.in === 'path').map(({ name }) => name)
      expect([path, declared.toSorted()]).toEqual([path, inPath.toSorted()])
    }
  })

  let resourceServerId: number
  beforeEach(async () => {
    const register = async (identifier: string) =>
      (await admin('POST', '/resource-servers', { name: 'API', identifier })).body.resource_server_id
    resourceServerId = await register('https://api.example')
    await register('https://other-api.example')
  })

  it('every documented status is answered, with the documented body', async () => {
    const missing: string[] = []
    for (const { method, path, operation } of json) {
      const provoked = new Set<string>()
      for (const answer of await provoke(method, path, operation)) {
        expectDocumented(operation, answer)
        provoked.add(String(answer.status))
      }
      for (const status of Object.keys(operation.responses)) {
        if (!provoked.has(status)) missing.push(`${method} ${path} ${status}`)
      }
    }
    expect(missing).toEqual([])
  })

  it('random requests made from the description get documented answers, and never 500', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...json),
        fc.infiniteStream(wild),
        async ({ method, path, operation }, values) => {
          const next = () => values.next().value
          const query = (operation.parameters ?? [])
            .filter(each => each.in === 'query')
            .map(({ name }) => `${name}=${encodeURIComponent(String(next()))}`)
            .slice(0, 2)
          const url = path.replace(/\{\w+\}/g, () => segment(next()))
          const schema = operation.requestBody?.content['application/json']?.schema
          const body = schema && wildBody(resolve(schema), next)
          const answer = await admin(method, `${url}?${query.join('&')}`, body)
          expect(answer.status).not.toBe(500)
          expectDocumented(operation, answer)
        },
      ),
      { numRuns: 600 },
    )
  })

  const wild = fc.oneof(
    fc.constantFrom('1', '2', '777', '779', '0', '-1', '9007199254740992', 'x', '%', '\0', '..', 'null', 'true', '[]'),
    fc.string({ unit: 'grapheme' }).map(text => text.toWellFormed()),
    fc.integer(),
    fc.constantFrom(null, true, false, [], {}, 1.5, 'en_US', 'https://a.example/', 'a@b.example'),
  )

  /** A segment of a path; dots would make another path of it. */
  function segment(value: unknown): string {
    const text = encodeURIComponent(String(value))
    return /^\.*$/.test(text) ? 'x' : text
  }

  /** Some of the fields, most of them with values that make no sense. */
  function wildBody(schema: JsonSchema, next: () => unknown): unknown {
    if (next() === 'x') return next()
    const names = Object.keys((schema.properties ?? {}) as JsonSchema)
    return Object.fromEntries(names.filter(() => next() !== true).map(name => [name, next()]))
  }

  function resolve(schema: JsonSchema): JsonSchema {
    const name = String(schema.$ref ?? '').replace('#/components/schemas/', '')
    return name === '' ? schema : document.components.schemas[name]!
  }

  /** Requests that get each documented status of an operation. */
  async function provoke(method: string, path: string, operation: OperationObject): Promise<AdminAnswer[]> {
    const body = bodyOf(operation.operationId)
    path += operation.operationId in challengeQueries ? `?challenge=${challengeQueries[operation.operationId]!()}` : ''
    if (path.includes('company-installations')) await installForCompany()
    if (path.includes('/owners')) await admin('PATCH', `/apps/${client.id}`, { company_id: MI6 })
    const unknown = await adminWith({ scopes: ['settings:read'] })
    const narrow = await adminWith({ scopes: [path === '/settings' ? 'keys:read' : 'settings:read'] })
    const call = (key: typeof admin, values: Record<string, string | number>, given: unknown = body, headers = {}) =>
      key(method, fill(path, values), given, headers)
    const known = {
      company_id: MI6,
      user_id: BOND,
      client_id: client.id,
      session_id: await sessionOf(),
      domain: 'former',
      resource_server_id: resourceServerId,
    }
    const answers = [await admin(method, fill(path, known), body, { Authorization: 'Bearer x' })]
    const { store } = provider.runtime
    const { db } = store
    Object.defineProperty(store, 'db', { configurable: true, get: () => fail() })
    answers.push(await call(unknown.call, known))
    Object.defineProperty(store, 'db', { configurable: true, value: db })
    answers.push(await call(narrow.call, known))
    if (operation.responses[415]) {
      answers.push(await call(admin, known, JSON.stringify(body), { 'Content-Type': 'text/plain' }))
      answers.push(await call(admin, known, { name: 'x'.repeat(70_000) }))
    }
    if (operation.responses[400]) answers.push(await wrong(method, path, operation, known))
    if (operation.responses[404]) answers.push(await call(admin, unknownIds, withUnknownUser(body)))
    const limiter = rateLimiterOf(provider.runtime)
    limiter.count = () => ({ name: 'admin.key', limit: 1, remaining: 0, resetIn: 1000, isExceeded: true })
    answers.push(await call(admin, known))
    limiter.count = () => undefined
    if (operation.responses[412]) answers.push(await call(admin, known, body, { 'If-Match': '"another"' }))
    if (operation.responses[409]) answers.push(...(await conflict(operation.operationId, call, known)))
    if (operation.responses[201] && method === 'PUT') {
      const fresh = {
        company_id: path.includes('members') ? 2 : 900,
        user_id: path.includes('members') ? MONEYPENNY : 900,
      }
      answers.push(
        await call(admin, fresh, { ...(body as object), domain: undefined, email: undefined, ...freshNames[path] }),
      )
    }
    if (operation.operationId === 'getAuditCheckpoint') await cutChains()
    if (isDeletion(method, path)) await prepareDeletion(path, known)
    if (method === 'DELETE' && path.includes('/owners')) await admin('PUT', fill(path, known))
    if (operation.operationId === 'putCompaniesMembersAppRequestsOne') {
      await askForApp(provider.runtime, known, { scopes: ['base'], reason: '' })
    }
    if (operation.operationId === 'postCallbacksSendAgain') {
      answers.push(await call(admin, known, await pendingCallback()))
    }
    answers.push(
      await call(admin, path.endsWith('{domain}') ? { ...known, domain: 'former' } : deletable(method, path, known)),
    )
    return answers
  }

  function fail(): never {
    throw new StoreUnavailable('stopped by the test')
  }

  const unknownIds = {
    resource_server_id: 4711,
    company_id: 4711,
    user_id: 4711,
    client_id: 'nope',
    session_id: '0'.repeat(64),
    domain: 'nope',
  }
  const freshNames: Record<string, object> = {
    '/companies/{company_id}': { domain: 'nine-hundred' },
    '/users/{user_id}': { email: 'nine-hundred@q.example' },
  }
  const bodies: Record<string, unknown> = {
    postCompanies: { name: 'New', domain: 'new' },
    putCompaniesOne: { name: 'MI6', domain: 'casinoroyale' },
    patchCompaniesOne: { name: 'MI6' },
    putCompaniesLogo: { image: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64') },
    postUsers: { name: 'New', email: 'new@q.example' },
    putUsersOne: { name: 'Bond', email: 'james.bond@mi6.example' },
    patchUsersOne: { name: 'Bond' },
    putUsersPassword: { password: 'shaken-not-stirred' },
    putCompaniesMembersOne: { phone: '007' },
    patchCompaniesMembersOne: { phone: '007' },
    postApps: { name: 'New', redirect_uris: [CALLBACK] },
    patchAppsOne: { name: 'Field Notes' },
    postAppsSecrets: {},
    postResourceServers: { name: 'New', identifier: 'https://new.example' },
    patchResourceServersOne: { name: 'API' },
    postResourceServersSecrets: {},
    patchCompaniesAppPolicy: { default: 'allow' },
    patchCompaniesMembersInstallationsOne: { scopes: ['base'] },
    patchCompaniesCompanyInstallationsOne: { audience: 'all' },
    putCompaniesCompanyInstallationsMembersOne: { access: 'allowed' },
    putCompaniesAppPoliciesOne: { decision: 'allowed' },
    putCompaniesMembersAppRequestsOne: { decision: 'allowed' },
    postTokensRevoke: { token: newToken('at', MI6) },
    postCallbacksSendAgain: { company_id: MI6, user_id: BOND, client_id: 'none', ended_at: '2026-01-15T12:00:00.000Z' },
  }

  const loginChallenge = () =>
    issueChallenge(provider.runtime, 'a browser', { kind: 'login', returnTo: '/connected-apps' })
  const consentChallenge = () =>
    issueChallenge(provider.runtime, 'a browser', { kind: 'consent', returnTo: '/connected-apps', scopes: ['base'] })
  const challengeQueries: Record<string, () => string> = {
    getLoginChallenge: loginChallenge,
    getConsentChallenge: consentChallenge,
  }

  function bodyOf(id: string): unknown {
    if (id === 'postLoginChallengeAccept') return { challenge: loginChallenge(), user_id: BOND }
    if (id === 'postLoginChallengeReject') return { challenge: loginChallenge() }
    if (id.startsWith('postConsentChallenge')) return { challenge: consentChallenge() }
    return bodies[id]
  }

  function withUnknownUser(body: unknown): unknown {
    const isOfUser = typeof body === 'object' && body !== null && 'challenge' in body && 'user_id' in body
    return isOfUser ? { ...body, user_id: 4711 } : body
  }

  async function installForCompany() {
    await admin('PATCH', `/apps/${client.id}`, { install: 'both' })
    await admin('PATCH', `/companies/${MI6}/members/${BOND}`, { is_admin: true })
    const browser = provider.person()
    const page = await browser.reachConsent(client, { company: MI6 }, { prompt: 'consent' })
    await browser.submit(page, { decision: 'allow', install_for: 'company' })
  }

  async function pendingCallback(): Promise<object> {
    const told = await provider.registerApp({ uninstallUrl: 'http://127.0.0.1:9/uninstalled' })
    await provider.person().code(told, { company: MI6 })
    await admin('DELETE', `/companies/${MI6}/members/${BOND}/installations/${told.id}`)
    const [{ company_id, user_id, client_id, ended_at }] = (await admin('GET', '/callbacks')).body.data
    return { company_id, user_id, client_id, ended_at }
  }

  async function cutChains() {
    const { runtime } = provider
    let passed = 2 * 24 * 3600 * 1000
    const retained = {
      ...runtime,
      clock: () => runtime.clock() + passed,
      settings: { ...runtime.settings, auditRetentionDays: 1 },
    }
    const cut = () => {
      // Past the lease of the run before.
      passed += 20 * 3600 * 1000
      return cutOldEvents(retained, { isTrusted: async () => true })
    }
    await expect.poll(cut).toBeGreaterThan(0)
  }

  async function sessionOf(): Promise<string> {
    await provider.person().code(client, { company: MI6 }, { prompt: 'consent' })
    return (await admin('GET', `/users/${BOND}/sessions`)).body.data[0].session_id
  }

  async function wrong(method: string, path: string, { parameters = [], requestBody }: OperationObject, known: object) {
    if (requestBody) return admin(method, fill(path, known), { nope: 1 })
    if (parameters.some(each => each.in === 'query')) return admin(method, `${fill(path, known)}?limit=x&company_id=x`)
    if (parameters.some(each => each.in === 'path' && each.name !== 'client_id' && each.name !== 'domain')) {
      return admin(
        method,
        fill(path, {
          resource_server_id: 'x',
          company_id: 'x',
          user_id: 'x',
          session_id: 'x',
          client_id: 'x',
          domain: 'x',
        }),
      )
    }
    return admin(method, fill(path, { client_id: 'x'.repeat(600) }))
  }

  async function conflict(
    id: string,
    call: (
      key: typeof admin,
      values: Record<string, string | number>,
      body?: unknown,
      headers?: object,
    ) => Promise<AdminAnswer>,
    known: Record<string, string | number>,
  ): Promise<AdminAnswer[]> {
    const taken: Record<string, object> = {
      postCompanies: { name: 'X', domain: 'casinoroyale' },
      putCompaniesOne: { name: 'X', domain: 'universal-exports' },
      patchCompaniesOne: { domain: 'universal-exports' },
      postResourceServers: { name: 'X', identifier: 'https://api.example' },
      patchResourceServersOne: { identifier: 'https://other-api.example' },
      postUsers: { name: 'X', email: 'eve.moneypenny@mi6.example' },
      putUsersOne: { name: 'X', email: 'eve.moneypenny@mi6.example' },
      patchUsersOne: { email: 'eve.moneypenny@mi6.example' },
      postApps: { name: 'X', redirect_uris: [CALLBACK], client_id: client.id },
      postCallbacksSendAgain: bodies.postCallbacksSendAgain as object,
    }
    if (taken[id]) return [await call(admin, known, taken[id])]
    if (id.includes('Challenge')) {
      const { challenge } = bodyOf(id) as { challenge: string }
      await admin('POST', id.includes('Login') ? '/login-challenge/reject' : '/consent-challenge/reject', {
        challenge,
        error: 'server_error',
      })
      return [await call(admin, known, { ...(bodyOf(id) as object), challenge })]
    }
    if (id === 'postAppsSecrets') {
      const headers = { 'Idempotency-Key': 'twice' }
      await call(admin, known, {}, headers)
      return [await call(admin, known, { keep_old_seconds: 1 }, headers)]
    }
    // Another program makes a key at the same moment.
    const { store } = provider.runtime
    const write = store.write.bind(store)
    store.write = async () => {
      throw new WriteConflict()
    }
    const answer = await call(admin, known)
    store.write = write
    return [answer]
  }

  let gone = 800
  let goneServer = 0

  async function prepareDeletion(path: string, known: { company_id: number }) {
    if (path.endsWith('{domain}')) {
      await admin('PATCH', `/companies/${known.company_id}`, { domain: 'former' })
      await admin('PATCH', `/companies/${known.company_id}`, { domain: 'casinoroyale' })
    }
    gone += 1
    const server = { name: 'Gone', identifier: `https://gone-${gone}.example` }
    goneServer = (await admin('POST', '/resource-servers', server)).body.resource_server_id
    await admin('PUT', `/companies/${gone}`, { name: 'Gone', domain: `gone-${gone}` })
    await admin('PUT', `/users/${gone}`, { name: 'Gone', email: `gone-${gone}@q.example` })
    await admin('PUT', `/companies/${gone}/members/${gone}`, {})
    await admin('POST', '/apps', { name: 'Gone', redirect_uris: [CALLBACK], client_id: `gone-${gone}` })
  }

  const isDeletion = (method: string, path: string) => method === 'DELETE' || path.endsWith('/erase')

  /** What may be deleted without taking away what the next operation needs. */
  function deletable<Known extends object>(method: string, path: string, known: Known) {
    const isWhole =
      /^\/(companies|users|apps|resource-servers)\/\{\w+\}$|company_id\}\/members\/\{user_id\}$|\/erase$/.test(path)
    return isDeletion(method, path) && isWhole
      ? { company_id: gone, user_id: gone, client_id: `gone-${gone}`, resource_server_id: goneServer }
      : known
  }

  function fill(path: string, values: object): string {
    return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String((values as JsonSchema)[name])))
  }
})
