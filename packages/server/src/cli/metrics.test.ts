import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../../../tests/support/free-port.ts'
import { runCommand, startCommand, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'

describe('metrics of tenantry serve', () => {
  let folder: ReturnType<typeof temporaryFolder>

  beforeEach(async () => {
    folder = temporaryFolder()
    await runCommand(['migrate', '--data', folder.path])
  })
  afterEach(() => folder.remove())

  const environment = (more: Record<string, string>) => ({
    TENANTRY_ORIGIN: 'https://id.example',
    TENANTRY_SECRETS: 'a secret that is long enough for a test',
    TENANTRY_DATA: folder.path,
    TENANTRY_PORT: '0',
    ...more,
  })

  async function start(more: Record<string, string>) {
    const child = startCommand(['serve'], environment(more))
    const lines: Record<string, unknown>[] = []
    createInterface({ input: child.stdout! }).on('line', line => lines.push(JSON.parse(line)))
    const ended = new Promise<number | null>(resolve => child.on('close', resolve))
    await expect.poll(() => lines.map(({ msg }) => msg)).toContain('ready')
    const port = (message: string) => lines.find(({ msg }) => msg === message)?.port as number
    const stop = async () => {
      child.kill('SIGTERM')
      return ended
    }
    return {
      at: `http://127.0.0.1:${port('ready')}`,
      metricsAt: `http://127.0.0.1:${port('metrics are served')}`,
      stop,
    }
  }

  const total = (text: string) =>
    Number(/^tenantry_http_requests_total\{route="\/healthz",method="GET",status="200"\} (\d+)$/m.exec(text)?.[1])

  it.each(['1', '2'])('a server of %s processes has one /metrics, on a port of its own', async workers => {
    const { at, metricsAt, stop } = await start({ TENANTRY_METRICS_PORT: '0', TENANTRY_WORKERS: workers })
    // A connection each, so that each process gets some.
    const headers = { Connection: 'close' }
    for (let each = 0; each < 20; each++) expect((await fetch(`${at}/healthz`, { headers })).status).toBe(200)
    const answer = await fetch(`${metricsAt}/metrics`)
    expect(answer.headers.get('Content-Type')).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(total(await answer.text())).toBe(20)
    expect((await fetch(`${metricsAt}/healthz`)).status).toBe(404)
    expect((await fetch(`${at}/metrics`)).status).toBe(404)
    expect(await stop()).toBe(0)
  })

  it('a port that is taken is named, and nothing is started', async () => {
    const taken = await freePort()
    const blocker = createServer().listen(taken, '127.0.0.1')
    const { code, stderr } = await runCommand(['serve'], {
      environment: environment({ TENANTRY_METRICS_PORT: String(taken) }),
    })
    expect([code, stderr]).toEqual([1, expect.stringContaining(`cannot listen on 127.0.0.1:${taken} (EADDRINUSE)`)])
    blocker.close()
  })
})
