import type { AddressInfo } from 'node:net'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createAdminClient } from '@tenantry/admin'
import { protect } from '@tenantry/resource'
import { expressCaller, expressMetadata, expressProtect } from '@tenantry/resource/express'
import express from 'express'
import { createDesk } from './desk.ts'

const { TENANTRY_ORIGIN = 'http://localhost:4040', TENANTRY_ADMIN_KEY, PORT = '4070' } = process.env
const { DESK_ORIGIN = `http://localhost:${PORT}`, DESK_CLIENT_ID, DESK_CLIENT_SECRET } = process.env
if (!DESK_CLIENT_ID || !DESK_CLIENT_SECRET || !TENANTRY_ADMIN_KEY) {
  console.error(
    'Set DESK_CLIENT_ID and DESK_CLIENT_SECRET, from `tenantry resource-server create`, and TENANTRY_ADMIN_KEY, from `tenantry admin-key create`.',
  )
  process.exit(1)
}

const desk = protect({
  issuer: TENANTRY_ORIGIN,
  identifier: `${DESK_ORIGIN}/c/{company_domain}/mcp`,
  credentials: { clientId: DESK_CLIENT_ID, clientSecret: DESK_CLIENT_SECRET },
  scopes: ['desk:use'],
  name: 'Company desk',
})
const admin = createAdminClient({ origin: TENANTRY_ORIGIN, key: TENANTRY_ADMIN_KEY })

const app = express()
app.use(expressMetadata(desk))
app.post('/c/:company/mcp', expressProtect(desk), express.json(), async (request, response) => {
  // Each request stands alone: no session can be carried from one company's address to another's.
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true })
  const server = createDesk(expressCaller(request), admin)
  response.once('close', () => {
    void transport.close()
    void server.close()
  })
  await server.connect(transport as Parameters<typeof server.connect>[0])
  await transport.handleRequest(request, response, request.body)
})
app.all('/c/:company/mcp', (_request, response) => void response.status(405).set('Allow', 'POST').end())

const listener = app.listen(Number(PORT), '127.0.0.1', error => {
  if (error) throw error
  const { port } = listener.address() as AddressInfo
  console.log(`Company desk: ${DESK_ORIGIN}/c/{company_domain}/mcp, listening at http://127.0.0.1:${port}`)
})
process.once('SIGTERM', () => listener.close())
