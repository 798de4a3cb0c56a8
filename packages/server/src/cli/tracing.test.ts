import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand, startCommand, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'

interface OtlpSpan {
  name: string
  traceId: string
  parentSpanId?: string
  attributes: { key: string; value: Record<string, unknown> }[]
}

describe('traces of tenantry serve', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let collector: Server
  let collected: { resource: string; spans: OtlpSpan[]; path: string }[]
  let token: string

  beforeEach(async () => {
    folder = temporaryFolder()
    const sample = join(folder.path, 'tokens.txt')
    const data = join(folder.path, 'data')
    await runCommand(['load', '--data', data, '--tokens', '10', '--sample', sample])
    token = readFileSync(sample, 'utf8').split('\n')[0]!
    collected = []
    collector = createServer(async (request, response) => {
      let text = ''
      for await (const chunk of request) text += chunk
      for (const { resource, scopeSpans } of JSON.parse(text).resourceSpans) {
        const spans = scopeSpans.flatMap((scope: { spans: OtlpSpan[] }) => scope.spans)
        collected.push({ resource: JSON.stringify(resource), spans, path: request.url! })
      }
      response.setHeader('Content-Type', 'application/json').end('{}')
    })
    await new Promise<void>(resolve => collector.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => {
    collector.close()
    folder.remove()
  })

  const endpoint = () => `http://127.0.0.1:${(collector.address() as { port: number }).port}`
  const spans = () => collected.flatMap(each => each.spans)

  async function start(more: Record<string, string>) {
    const child = startCommand(['serve'], {
      TENANTRY_ORIGIN: 'http://localhost:4040',
      TENANTRY_MODE: 'development',
      TENANTRY_SECRETS: 'a secret that is long enough for a test',
      TENANTRY_DATA: join(folder.path, 'data'),
      TENANTRY_PORT: '0',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      ...more,
    })
    const lines: Record<string, unknown>[] = []
    createInterface({ input: child.stdout! }).on('line', line => lines.push(JSON.parse(line)))
    const ended = new Promise<number | null>(resolve => child.on('close', resolve))
    await expect.poll(() => lines.map(({ msg }) => msg)).toContain('ready')
    const stop = () => {
      child.kill('SIGTERM')
      return ended
    }
    return { at: `http://127.0.0.1:${lines.find(({ msg }) => msg === 'ready')!.port}`, lines, stop }
  }

  it('spans are sent where the variables of OpenTelemetry say, and the log has the id of the trace', async () => {
    const { at, lines, stop } = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint(),
      OTEL_SERVICE_NAME: 'identity',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
    })
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const headers = { Authorization: `Bearer ${token}`, traceparent: `00-${traceId}-b7ad6b7169203331-01` }
    expect((await fetch(`${at}/users/me`, { headers })).status).toBe(200)
    await fetch(`${at}/readyz`)
    expect(await stop()).toBe(0)
    expect(spans().map(({ name }) => name)).toEqual(
      expect.arrayContaining(['GET /users/me', 'GET /readyz', 'select migrations', 'commit']),
    )
    expect(spans().find(({ name }) => name === 'GET /users/me')).toMatchObject({ traceId })
    const ready = spans().find(({ name }) => name === 'GET /readyz')!
    expect(lines.find(({ path }) => path === '/readyz')!.traceId).toBe(ready.traceId)
    expect(collected.map(({ path }) => path)).toContain('/v1/traces')
    expect(collected[0]!.resource).toContain('identity')
    expect(collected[0]!.resource).toContain('staging')
    // The arguments of the process may have a password in them.
    expect(collected[0]!.resource).not.toContain('process.')
    expect(JSON.stringify(collected)).not.toContain(token)
  })

  it.each([
    ['no variable asks for them', {}],
    ['they are switched off', { OTEL_EXPORTER_OTLP_ENDPOINT: 'here', OTEL_SDK_DISABLED: 'true' }],
    ['no exporter is wanted', { OTEL_EXPORTER_OTLP_ENDPOINT: 'here', OTEL_TRACES_EXPORTER: 'none' }],
  ])('no span is sent where %s', async (_when, variables: Record<string, string>) => {
    const given = Object.entries(variables).map(([name, value]) => [name, value === 'here' ? endpoint() : value])
    const { at, lines, stop } = await start(Object.fromEntries(given))
    await fetch(`${at}/healthz`)
    expect(await stop()).toBe(0)
    expect(collected).toEqual([])
    expect(lines.find(({ path }) => path === '/healthz')).not.toHaveProperty('traceId')
  })

  it('a collector that is away is said in the log, and every request is answered', async () => {
    collector.close()
    const { at, lines, stop } = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    })
    for (let each = 0; each < 20; each++) expect((await fetch(`${at}/healthz`)).status).toBe(200)
    expect(await stop()).toBe(0)
    expect(lines.some(({ from, level }) => from === 'OpenTelemetry' && Number(level) >= 40)).toBe(true)
  })
})
