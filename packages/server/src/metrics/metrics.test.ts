import { describe, expect, it } from 'vitest'
import { CALLBACK, HOUR, MI6 } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { Exposition, expose } from './exposition.ts'

/** The values of a text of metrics, by name and labels as they stand there. */
function parse(text: string): Map<string, number> {
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}

async function read(): Promise<Map<string, number>> {
  const exposition = new Exposition(provider.runtime.metrics)
  return parse((await expose([await exposition.snapshot()])).text)
}

describe('metrics', () => {
  useProvider()

  it('requests are counted by the pattern of their route, whatever addresses clients make up', async () => {
    await provider.fetch('/apps/one/icon')
    await provider.fetch('/apps/two/icon')
    for (let each = 0; each < 50; each++)
      await provider.fetch(`/nothing/${each}`, { method: each % 2 ? 'GET' : 'POST' })
    await provider.fetch('/users/me')
    const values = await read()
    expect(values.get('tenantry_http_requests_total{route="/apps/:client_id/icon",method="GET",status="404"}')).toBe(2)
    expect(values.get('tenantry_http_requests_total{route="/users/me",method="GET",status="401"}')).toBe(1)
    expect(values.get('tenantry_http_requests_total{route="other",method="GET",status="404"}')).toBe(25)
    const routes = [...values.keys()].filter(key => key.startsWith('tenantry_http_requests_total'))
    expect(routes.length).toBeLessThan(8)
  })

  it('the classes of durations add up, each holding the ones below', async () => {
    for (let each = 0; each < 5; each++) await provider.fetch('/healthz')
    const values = await read()
    const labels = 'route="/healthz",method="GET"'
    const classes = [...values]
      .filter(([key]) => key.startsWith('tenantry_http_request_duration_seconds_bucket') && key.includes('/healthz'))
      .map(([, value]) => value)
    expect(classes).toEqual(classes.toSorted((a, b) => a - b))
    expect(classes.at(-1)).toBe(5)
    expect(values.get(`tenantry_http_request_duration_seconds_count{${labels}}`)).toBe(5)
    expect(values.get(`tenantry_http_request_duration_seconds_sum{${labels}}`)).toBeGreaterThan(0)
  })

  it('token requests, refreshes and sign-ins are counted by outcome', async () => {
    await person.signIn(undefined, 'wrong')
    const first = await client.tokens(await person.code(client, { company: MI6 }))
    await client.refreshed(first.refresh_token)
    await client.refreshed(first.refresh_token)
    provider.pass(25 * HOUR)
    await client.refreshed(first.refresh_token)
    await client.exchange('nothing')
    const values = await read()
    expect(values.get('tenantry_sign_ins_total{outcome="wrong"}')).toBe(1)
    expect(values.get('tenantry_sign_ins_total{outcome="ok"}')).toBe(1)
    expect(values.get('tenantry_token_requests_total{grant="authorization_code",outcome="ok"}')).toBe(1)
    expect(values.get('tenantry_token_requests_total{grant="authorization_code",outcome="invalid_grant"}')).toBe(1)
    expect(values.get('tenantry_token_requests_total{grant="refresh_token",outcome="ok"}')).toBe(2)
    expect(values.get('tenantry_refreshes_total{outcome="first"}')).toBe(1)
    expect(values.get('tenantry_refreshes_total{outcome="again"}')).toBe(1)
    expect(values.get('tenantry_refreshes_total{outcome="stolen"}')).toBe(1)
  })

  it('what waits, and how large the database is, is read when it is asked for', async () => {
    const told = await provider.registerApp({ redirectUris: [CALLBACK], uninstallUrl: 'http://127.0.0.1:9/gone' })
    const tokens = await told.tokens(await person.code(told, { company: MI6 }))
    await told.revoke(tokens.refresh_token)
    const values = await read()
    expect(values.get('tenantry_uninstall_callbacks{state="pending"}')).toBe(1)
    expect(values.get('tenantry_database_bytes{part="database"}')).toBeGreaterThan(10_000)
    expect(values.get('tenantry_hashing_queue{state="waiting"}')).toBe(0)
    expect(values.get('process_cpu_seconds_total')).toBeGreaterThan(0)
  })

  it('what several processes have measured is added up, and what all see is not', async () => {
    await provider.fetch('/healthz')
    const snapshot = await new Exposition(provider.runtime.metrics).snapshot()
    const values = parse((await expose([snapshot, snapshot, []])).text)
    expect(values.get('tenantry_http_requests_total{route="/healthz",method="GET",status="200"}')).toBe(2)
    const alone = parse((await expose([snapshot])).text)
    const size = 'tenantry_database_bytes{part="database"}'
    expect(values.get(size)).toBe(alone.get(size))
  })
})
