import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import * as v2 from '@modelcontextprotocol/client'
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from './support/free-port.ts'
import { McpKeeper } from './support/mcp-keeper.ts'
import { SandboxBrowser } from './support/sandbox-browser.ts'
import { type RunningSandbox, startSandbox, temporaryFolder } from './support/sandbox-process.ts'
import { haveThirdParty, THIRD_PARTY } from './support/third-party.ts'

describe('agents', () => {
  const folder = temporaryFolder()
  let documents: Server
  let documentUrl: string
  let sandbox: RunningSandbox
  let mcpUrl: string

  beforeAll(async () => {
    const [cert, key] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2']
    const files = ['-keyout', key, '-out', cert]
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...files], {
      stdio: 'ignore',
    })
    documents = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_, response) => {
      const { clientMetadata } = new McpKeeper()
      const body = { client_id: documentUrl, ...clientMetadata, token_endpoint_auth_method: 'none' }
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body))
    }).listen(0, 'localhost')
    await once(documents, 'listening')
    documentUrl = `https://localhost:${(documents.address() as AddressInfo).port}/agent.json`
    sandbox = await startSandbox(['--data', ':memory:'], [], { NODE_EXTRA_CA_CERTS: cert })
    mcpUrl = sandbox.facts.mcp_url!
  })
  afterAll(async () => {
    await sandbox.stop()
    documents.close()
    folder.remove()
  })

  const addressOf = (domain: string) => new URL(mcpUrl.replace('{company_domain}', domain))

  /** A client, once its person has signed in at the address of a company. */
  interface Connected {
    call(tool: string, args?: Record<string, unknown>): Promise<Record<string, unknown>>
    keeper: McpKeeper
  }

  /** Connects as the documentation of both says: once to find out that someone must sign in, and once they have. */
  const clients: Record<string, (domain: string) => Promise<Connected>> = {
    async '@modelcontextprotocol/sdk'(domain) {
      const keeper = new McpKeeper()
      const client = new Client({ name: 'of the tests', version: '1' })
      const begin = () => new StreamableHTTPClientTransport(addressOf(domain), { authProvider: keeper })
      const first = begin()
      await expect(client.connect(first as Parameters<typeof client.connect>[0])).rejects.toThrow(UnauthorizedError)
      const answer = await new SandboxBrowser(sandbox).allowTheOnly(keeper.asked!.href)
      await first.finishAuth(answer.searchParams.get('code')!)
      await client.connect(begin() as Parameters<typeof client.connect>[0])
      const call: Connected['call'] = async (name, args = {}) => parse(await client.callTool({ name, arguments: args }))
      return { keeper, call }
    },
    '@modelcontextprotocol/client': domain => connectNewer(domain, new McpKeeper()),
    async '@modelcontextprotocol/client with DPoP'(domain) {
      const session = await v2.DpopSession.create()
      const connected = await connectNewer(domain, Object.assign(new McpKeeper(), { dpop: () => session }))
      expect(connected.keeper.tokens()).toMatchObject({ token_type: 'DPoP' })
      return connected
    },
    async '@modelcontextprotocol/client described by a document'(domain) {
      const keeper = Object.assign(new McpKeeper(), { clientMetadataUrl: documentUrl })
      const connected = await connectNewer(domain, keeper)
      expect(keeper.asked!.searchParams.get('client_id')).toBe(documentUrl)
      return connected
    },
  }

  async function connectNewer(domain: string, keeper: McpKeeper): Promise<Connected> {
    const authProvider = keeper as v2.OAuthClientProvider
    const client = new v2.Client({ name: 'of the tests', version: '1' })
    const first = new v2.StreamableHTTPClientTransport(addressOf(domain), { authProvider })
    await expect(client.connect(first)).rejects.toThrow(v2.UnauthorizedError)
    const answer = await new SandboxBrowser(sandbox).allowTheOnly(keeper.asked!.href)
    await first.finishAuth(answer.searchParams)
    await client.connect(new v2.StreamableHTTPClientTransport(addressOf(domain), { authProvider }))
    const call: Connected['call'] = async (name, args = {}) => parse(await client.callTool({ name, arguments: args }))
    return { keeper, call }
  }

  const parse = (result: object) => JSON.parse((result as { content: { text: string }[] }).content[0]!.text)

  it.each(Object.keys(clients))('%s connects to two companies of one person, side by side', async name => {
    const connect = clients[name]!
    const [mi6, exports] = [await connect('casinoroyale'), await connect('universal-exports')]
    expect(await mi6.call('whoami')).toMatchObject({ company_id: 1, user_id: 777 })
    expect(await exports.call('whoami')).toMatchObject({ company_id: 2, user_id: 777 })
    const { colleagues } = await exports.call('list_colleagues')
    expect(colleagues).toContainEqual(expect.objectContaining({ user_id: 777 }))
    const { notes } = await mi6.call('write_note', { text: 'a note' })
    expect(await exports.call('write_note', { text: 'another' })).toEqual({ company_id: 2, notes })

    // Crossed, a token is refused, with the metadata of the address that was used.
    const token = mi6.keeper.tokens()!.access_token
    const crossed = await fetch(addressOf('universal-exports'), {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: '{}',
    })
    expect([crossed.status, crossed.headers.get('WWW-Authenticate')]).toEqual([
      401,
      expect.stringContaining('/.well-known/oauth-protected-resource/c/universal-exports/mcp"'),
    ])
    const platform = await fetch(`${sandbox.facts.origin}/users/me`, { headers: { Authorization: `Bearer ${token}` } })
    expect(platform.status).toBe(401)
  })

  it('the person sees the one company of the address, and that the agent registered itself', async () => {
    const keeper = new McpKeeper()
    const transport = new StreamableHTTPClientTransport(addressOf('universal-exports'), { authProvider: keeper })
    const client = new Client({ name: 'of the tests', version: '1' })
    await expect(client.connect(transport as Parameters<typeof client.connect>[0])).rejects.toThrow(UnauthorizedError)
    expect(keeper.asked!.searchParams.get('resource')).toBe(addressOf('universal-exports').href)
    const page = await new SandboxBrowser(sandbox).reachConsent(keeper.asked!.href)
    for (const words of ['A desktop agent', 'Universal Exports', 'Use the company desk', 'registered itself']) {
      expect(page.text).toContain(words)
    }
    expect(page.text).not.toContain('MI6')
  })

  /** Runs the suite's scenarios for authorization servers, and signs Bond in where it asks for a browser. */
  async function runConformance(company: number, options: string[]) {
    const port = await freePort()
    const program = join(THIRD_PARTY, 'node_modules/@modelcontextprotocol/conformance/dist/index.js')
    const args = [program, 'authorization', '--url', sandbox.facts.origin, '--port', String(port), ...options]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let printed = ''
    let answered: Promise<unknown> | undefined
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        printed += chunk
        const url = /http:\/\/localhost:\d+\/oauth\/authorize\?\S+/.exec(printed)?.[0]
        if (url) answered ??= new SandboxBrowser(sandbox).allow(url, company).then(answer => fetch(answer))
      })
    }
    const [code] = await once(child, 'close')
    await answered
    return { code, printed }
  }

  it.skipIf(!haveThirdParty())(
    'the conformance suite of MCP is satisfied, also for the address of a company',
    { timeout: 120_000 },
    async () => {
      const { origin, admin_key } = sandbox.facts
      const registered = await fetch(`${origin}/admin/v1/apps`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${admin_key}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({
          name: 'Suite',
          redirect_uris: ['http://127.0.0.1/callback'],
          scopes: ['base', 'desk:use'],
          public: true,
        }),
      })
      const { client_id: publicId } = (await registered.json()) as { client_id: string }
      // The suite sends no secret to a server that knows public clients as well.
      const runs = [
        ['--client-id', publicId],
        ['--client-id', publicId, '--resource', addressOf('universal-exports').href],
      ]
      for (const run of runs) {
        const { code, printed } = await runConformance(2, run)
        expect({ code, printed }).toEqual({
          code: 0,
          printed: expect.stringContaining('Total: 3 passed, 0 failed'),
        })
      }
    },
  )
})
