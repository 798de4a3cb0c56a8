import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import * as mcp from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeAfter } from './support/fenced-blocks.ts'
import { freePort } from './support/free-port.ts'
import { McpKeeper } from './support/mcp-keeper.ts'
import { npm, packed } from './support/packed.ts'
import { SandboxBrowser } from './support/sandbox-browser.ts'
import { type SandboxFacts, temporaryFolder } from './support/sandbox-process.ts'

const GUIDE = 'docs/agents.md'

describe('the guide for agents, in an empty folder with the packages as they are published', () => {
  const folder = temporaryFolder()
  const project = join(folder.path, 'project')
  const children: ChildProcess[] = []

  beforeAll(async () => {
    const tarballs: Record<string, string> = { ...(await packed()) }
    mkdirSync(project)
    const lines = codeAfter(GUIDE, 'In an empty folder:').trim().split('\n')
    expect(lines[3]).toBe('npx tenantry dev')
    for (const line of lines.slice(0, 3)) {
      const [command, ...args] = line.split(' ')
      expect(command).toBe('npm')
      // The packages of this checkout instead of the registry's.
      const from = args.map(arg => tarballs[arg.replace('@tenantry/', '')] ?? arg)
      npm(args[0] === 'install' ? [...from, '--prefer-offline', '--ignore-scripts'] : from, project)
    }
  }, 300_000)
  afterAll(async () => {
    for (const child of children) {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    folder.remove()
  })

  function start(args: string[], environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, args, { cwd: project, env: { ...process.env, ...environment } })
    children.push(child)
    const lines: string[] = []
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', line => lines.push(line))
    }
    return { child, lines }
  }

  it('the guide’s MCP server runs as written, at the addresses of two companies of one person', {
    timeout: 120_000,
  }, async () => {
    const [sandboxPort, port] = [await freePort(), await freePort()]
    const onPorts = (text: string) => text.replaceAll('4040', String(sandboxPort)).replaceAll('4070', String(port))
    const bin = join(project, 'node_modules/tenantry/bin/tenantry.cjs')
    const sandbox = start([bin, 'dev', '--json', '--port', String(sandboxPort)])
    await expect.poll(() => sandbox.lines.length, { timeout: 30_000 }).toBe(1)
    const facts = JSON.parse(sandbox.lines[0]!) as SandboxFacts
    // The example is not in the package.
    expect(facts.mcp_url).toBeNull()

    const command = onPorts(codeAfter(GUIDE, 'register your server').trim())
    const words = command.match(/'[^']*'|\S+/g)!.map(word => word.replace(/^'|'$/g, ''))
    expect(words.slice(0, 2)).toEqual(['npx', 'tenantry'])
    const registration = start([bin, ...words.slice(2)])
    await once(registration.child, 'close')
    const printed = registration.lines.join('\n')
    const [clientId, clientSecret] = [/rs-[0-9a-f]{16}/.exec(printed)![0], /tny_cs_[0-9a-f]+/.exec(printed)![0]]

    writeFileSync(join(project, 'server.mjs'), onPorts(codeAfter(GUIDE, 'This is `server.mjs`')))
    expect(codeAfter(GUIDE, 'Start it with what was printed')).toBe('CLIENT_ID=… CLIENT_SECRET=… node server.mjs\n')
    const server = start(['server.mjs'], { CLIENT_ID: clientId, CLIENT_SECRET: clientSecret })
    const answers = (url: URL) =>
      fetch(url)
        .then(({ status }) => status)
        .catch(() => 0)

    for (const [domain, company] of [
      ['casinoroyale', 1],
      ['universal-exports', 2],
    ] as const) {
      const address = new URL(`http://localhost:${port}/c/${domain}/mcp`)
      await expect.poll(() => answers(address), { timeout: 30_000 }).toBe(405)
      const authProvider = new McpKeeper()
      const client = new mcp.Client({ name: 'of the tests', version: '1' })
      const first = new mcp.StreamableHTTPClientTransport(address, { authProvider })
      await expect(client.connect(first)).rejects.toThrow(mcp.UnauthorizedError)
      const answer = await new SandboxBrowser({ facts }).allowTheOnly(authProvider.asked!.href)
      await first.finishAuth(answer.searchParams)
      await client.connect(new mcp.StreamableHTTPClientTransport(address, { authProvider }))
      const { content } = await client.callTool({ name: 'whoami' })
      expect(JSON.parse((content as { text: string }[])[0]!.text)).toEqual({ company_id: company, user_id: 777 })
    }
    expect(server.lines).toEqual([])
  })
})
