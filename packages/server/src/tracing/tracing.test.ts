import { NodeSDK, tracing } from '@opentelemetry/sdk-node'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { admin, useAdmin } from '../../../../tests/support/admin.ts'
import { BOND_EMAIL, MI6, onPostgres, PASSWORD } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import type { HotResponse } from '../http/hot-route.ts'
import { StoreUnavailable } from '../store/store.ts'

describe('traces of a provider in a program that has set up OpenTelemetry', () => {
  const exporter = new tracing.InMemorySpanExporter()
  const sdk = new NodeSDK({ spanProcessors: [new tracing.SimpleSpanProcessor(exporter)], autoDetectResources: false })

  // Before a provider is created.
  beforeAll(() => sdk.start())
  afterAll(() => sdk.shutdown())
  useProvider()
  useAdmin()
  beforeEach(() => exporter.reset())

  const system = onPostgres ? 'postgresql' : 'sqlite'
  const named = (name: string) => exporter.getFinishedSpans().filter(span => span.name === name)
  const childrenOf = (span: tracing.ReadableSpan) =>
    exporter.getFinishedSpans().filter(each => each.parentSpanContext?.spanId === span.spanContext().spanId)

  it('a request is a span with its route, below which are its statements and its commit', async () => {
    const { headers } = await admin('PATCH', `/companies/${MI6}`, { name: 'SIS' })
    const [span] = named('PATCH /admin/v1/companies/:company_id')
    expect(span!.attributes).toMatchObject({
      'http.request.method': 'PATCH',
      'http.route': '/admin/v1/companies/:company_id',
      'url.path': `/admin/v1/companies/${MI6}`,
      'http.response.status_code': 200,
      'tenantry.request_id': headers.get('X-Request-Id'),
    })
    const children = childrenOf(span!)
    expect(children.map(({ name }) => name)).toEqual(expect.arrayContaining(['select admin_keys', 'commit']))
    const commits = children.filter(({ name }) => name === 'commit').map(({ attributes }) => attributes)
    expect(commits).toContainEqual({
      'db.system.name': system,
      'db.operation.batch.size': expect.any(Number),
      'db.query.summary': expect.stringMatching(/update companies.*insert audit_events/),
    })
  })

  it('a request continues the trace of its client, on the fast path as well', async () => {
    const tokens = await client.tokens(await person.code(client, { company: MI6 }))
    const ids = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'] as const
    const headers = { traceparent: `00-${ids[0]}-${ids[1]}-01`, Authorization: `Bearer ${tokens.access_token}` }
    await provider.fetch('/users/me', { headers })
    const [full] = named('GET /users/me')
    expect([full!.spanContext().traceId, full!.parentSpanContext!.spanId]).toEqual(ids)

    exporter.reset()
    const { hotRoutes } = provider.tenantry
    const request = { path: '/users/me', authorization: headers.Authorization, traceparent: headers.traceparent }
    const response = hotRoutes[0]!.respond(request)
    if (onPostgres) return expect(response).toBeUndefined()
    const [hot] = named('GET /users/me')
    expect([hot!.spanContext().traceId, hot!.parentSpanContext!.spanId]).toEqual(ids)
    expect(hot!.attributes).toMatchObject({
      'http.response.status_code': 200,
      'tenantry.request_id': (response as HotResponse).requestId,
    })
    hotRoutes[0]!.respond({ ...request, traceparent: 'no such thing' })
    expect(named('GET /users/me')[1]!.parentSpanContext).toBeUndefined()
  })

  it('what was not asked to be sampled is not recorded', async () => {
    await provider.fetch('/healthz', { headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00` } })
    expect(exporter.getFinishedSpans()).toEqual([])
  })

  it('a sign-in shows how long the password took, and a token request which app it was', async () => {
    const browser = provider.person()
    const tokens = await client.tokens(await browser.code(client, { company: MI6 }))
    expect(named('check password')).toHaveLength(1)
    expect(named('POST /oauth/token')[0]!.attributes['tenantry.client_id']).toBe(client.id)
    await client.refreshed(tokens.refresh_token)
    expect(named('commit').length).toBeGreaterThan(3)
  })

  it('a span has no secret in it, whatever the outcome', async () => {
    const browser = provider.person()
    const code = await browser.code(client, { company: MI6 })
    const tokens = await client.tokens(code)
    await client.me(tokens.access_token)
    await client.revoke(tokens.refresh_token)
    await provider.fetch(`/healthz?code=${code}`)
    const text = JSON.stringify(
      exporter
        .getFinishedSpans()
        .map(({ name, attributes, status, events, resource }) => [
          name,
          attributes,
          status,
          events,
          resource.attributes,
        ]),
    )
    for (const secret of [code, tokens.access_token, tokens.refresh_token, client.secret!, PASSWORD, BOND_EMAIL]) {
      expect(text).not.toContain(secret)
    }
  })

  it('a failure is marked with its name and status, without its message', async () => {
    const { store } = provider.runtime
    const { db } = store
    Object.defineProperty(store, 'db', {
      configurable: true,
      get() {
        throw new StoreUnavailable('postgres://user:password@host is away')
      },
    })
    await admin('GET', '/companies')
    Object.defineProperty(store, 'db', { configurable: true, value: db })
    const [span] = named('GET /admin/v1/companies')
    expect(span).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': '503' } })
    expect(JSON.stringify([span!.attributes, span!.events, span!.status])).not.toContain('password')
  })
})
