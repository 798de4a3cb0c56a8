import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SandboxBrowser } from './support/sandbox-browser.ts'
import { type RunningSandbox, startSandbox } from './support/sandbox-process.ts'

const REDIRECT_URI = 'http://127.0.0.1:5999/callback'

/** What a client of the SDK keeps for one address, and a person with a browser in front of it. */
class Keeper implements OAuthClientProvider {
  readonly redirectUrl = REDIRECT_URI
  readonly clientMetadata = { client_name: 'A desktop agent', redirect_uris: [REDIRECT_URI] }
  asked: URL | undefined
  #client: OAuthClientInformationMixed | undefined
  #tokens: OAuthTokens | undefined
  #verifier = ''

  clientInformation = () => this.#client
  saveClientInformation(client: OAuthClientInformationMixed) {
    this.#client = client
  }
  tokens = () => this.#tokens
  saveTokens(tokens: OAuthTokens) {
    this.#tokens = tokens
  }
  redirectToAuthorization(url: URL) {
    this.asked = url
  }
  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier
  }
  codeVerifier = () => this.#verifier
}

describe('agents', () => {
  let sandbox: RunningSandbox
  let mcpUrl: string

  beforeAll(async () => {
    sandbox = await startSandbox(['--data', ':memory:'])
    mcpUrl = sandbox.facts.mcp_url!
  })
  afterAll(() => sandbox.stop())

  const addressOf = (domain: string) => new URL(mcpUrl.replace('{company_domain}', domain))

  /** Connects as the SDK's documentation says: once to find out that someone must sign in, and once they have. */
  async function connect(domain: string) {
    const keeper = new Keeper()
    const first = new StreamableHTTPClientTransport(addressOf(domain), { authProvider: keeper })
    const client = new Client({ name: 'of the tests', version: '1' })
    await expect(client.connect(first as Parameters<typeof client.connect>[0])).rejects.toThrow(UnauthorizedError)
    const browser = new SandboxBrowser(sandbox)
    const answer = await browser.allowTheOnly(keeper.asked!.href)
    await first.finishAuth(answer.searchParams.get('code')!)
    const transport = new StreamableHTTPClientTransport(addressOf(domain), { authProvider: keeper })
    await client.connect(transport as Parameters<typeof client.connect>[0])
    return { client, keeper }
  }

  async function call(client: Client, name: string, args: Record<string, unknown> = {}) {
    const { content } = await client.callTool({ name, arguments: args })
    return JSON.parse((content as { text: string }[])[0]!.text)
  }

  it('an unmodified MCP client connects to two companies of one person, side by side', async () => {
    const [mi6, exports] = [await connect('casinoroyale'), await connect('universal-exports')]
    expect(await call(mi6.client, 'whoami')).toMatchObject({ company_id: 1, user_id: 777 })
    expect(await call(exports.client, 'whoami')).toMatchObject({ company_id: 2, user_id: 777 })
    const { colleagues } = await call(exports.client, 'list_colleagues')
    expect(colleagues).toContainEqual(expect.objectContaining({ user_id: 777 }))
    expect(await call(mi6.client, 'write_note', { text: 'a note' })).toEqual({ company_id: 1, notes: 1 })
    expect(await call(exports.client, 'write_note', { text: 'another' })).toEqual({ company_id: 2, notes: 1 })

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
    const keeper = new Keeper()
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
})
