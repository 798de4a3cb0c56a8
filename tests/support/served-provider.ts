import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { startTestProvider, type TestProvider, type TestProviderOptions } from '@tenantry/connect/testing'

/** A test provider that other processes can reach too. */
export interface ServedProvider extends TestProvider {
  /** Requests to the token endpoint that came from outside. */
  tokenRequests(): number
  /** A fetch over the network. */
  fetch: typeof fetch
}

export async function serveTestProvider(options: TestProviderOptions): Promise<ServedProvider> {
  let provider: TestProvider | undefined
  let tokenRequests = 0
  const server: Server = createServer(
    getRequestListener(request => {
      if (new URL(request.url).pathname === '/oauth/token') tokenRequests++
      return provider!.options.fetch(request)
    }),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  provider = await startTestProvider({
    ...options,
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
  })
  return {
    ...provider,
    fetch,
    tokenRequests: () => tokenRequests,
    async close() {
      server.closeAllConnections()
      server.close()
      await provider?.close()
    },
  }
}
