import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { nodeHttp } from '../http/node-http.ts'
import type { MetricsSnapshot } from '../metrics/exposition.ts'
import { UsageError } from './usage-error.ts'

/** Where metrics are read. */
export interface MetricsServer {
  close(): Promise<void>
}

/**
 * Answers `GET /metrics` on a port of its own, and nothing else.
 * @param snapshots of all processes of this server
 * @throws {UsageError} where the port cannot be listened on
 */
export async function serveMetrics(
  { metricsHost, metricsPort }: { metricsHost: string; metricsPort?: number | undefined },
  snapshots: () => Promise<MetricsSnapshot[]>,
  log: Logger,
): Promise<MetricsServer> {
  const { expose } = await import('../metrics/exposition.ts')
  const server = nodeHttp.createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Only GET /metrics is answered here.\n')
      return
    }
    try {
      const { text, contentType } = await expose(await snapshots())
      response.writeHead(200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' }).end(text)
    } catch (error) {
      log.warn({ err: error }, 'metrics could not be read')
      response.writeHead(503, { 'Content-Type': 'text/plain' }).end('The metrics cannot be read now.\n')
    }
  })
  const failed = once(server, 'error')
  server.listen(metricsPort, metricsHost)
  const outcome = await Promise.race([once(server, 'listening').then(() => undefined), failed])
  if (outcome) {
    const { code } = outcome[0] as NodeJS.ErrnoException
    throw new UsageError(`metricsPort: cannot listen on ${metricsHost}:${metricsPort} (${code}). Give another port.`)
  }
  const { port } = server.address() as AddressInfo
  log.info({ host: metricsHost, port }, 'metrics are served')
  return {
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
