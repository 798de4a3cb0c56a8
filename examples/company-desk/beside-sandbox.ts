import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

// `npm run desk`: the sandbox, and the company desk registered at it.

const TENANTRY = fileURLToPath(new URL('../../packages/server/bin/tenantry.cjs', import.meta.url))
const MAIN = fileURLToPath(new URL('./src/main.ts', import.meta.url))

const NAME = 'Company desk'

const USAGE = `npm run desk -- [options]

  --port <number>          the desk's port; 4070, 0 for any free one
  --sandbox-port <number>  the sandbox's port; 4040, 0 for any free one
  --data <dir>             where the sandbox keeps its data; .tenantry/desk
  --json                   print one line of JSON once it is ready`

interface Facts {
  origin: string
  password: string
  admin_key: string
  users: { email: string }[]
}

try {
  await run()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

async function run() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4070' },
      'sandbox-port': { type: 'string', default: '4040' },
      data: { type: 'string', default: '.tenantry/desk' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(USAGE)
  const port = Number(values.port) || (await freePort())
  const sandbox = await start('The sandbox', [
    TENANTRY,
    ...['dev', '--json', '--port', values['sandbox-port'], '--data', values.data],
  ])
  const facts = JSON.parse(sandbox.line) as Facts
  const identifier = `http://localhost:${port}/c/{company_domain}/mcp`
  const desk = await register(facts, identifier)
    .then(({ client_id, client_secret }) =>
      start('The desk', ['--conditions=@tenantry/source', MAIN], {
        PORT: String(port),
        TENANTRY_ORIGIN: facts.origin,
        TENANTRY_ADMIN_KEY: facts.admin_key,
        DESK_CLIENT_ID: client_id,
        DESK_CLIENT_SECRET: client_secret,
      }),
    )
    .catch(error => {
      sandbox.child.kill()
      throw error
    })
  console.log(values.json ? JSON.stringify({ mcp_url: identifier, provider: facts }) : describe(identifier, facts))
  stopTogether([desk.child, sandbox.child])
}

/** A process, once it has said its first line. */
async function start(name: string, args: string[], environment: Record<string, string> = {}) {
  const env = { ...process.env, ...environment }
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('exit', () => reject(new Error(`${name} did not start: see above. Ports: --port, --sandbox-port`)))
  })
  return { child, line }
}

/** Registers the desk as a resource server; at a later start it gets a new secret. */
async function register(facts: Facts, identifier: string): Promise<{ client_id: string; client_secret: string }> {
  const ask = async (path: string, body?: object, method = 'POST') => {
    const response = await fetch(`${facts.origin}/admin/v1/resource-servers${path}`, {
      headers: { Authorization: `Bearer ${facts.admin_key}`, 'Content-Type': 'application/json' },
      ...(body && { method, body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`The desk could not be registered: ${await response.text()}`)
    return response.json()
  }
  const { data } = (await ask('')) as { data: { resource_server_id: number; client_id: string; name: string }[] }
  const known = data.find(({ name }) => name === NAME)
  if (!known) {
    const scopes = { 'desk:use': { en: 'Use the company desk', fr: 'Utiliser le bureau de l’entreprise' } }
    return ask('', { name: NAME, identifier, scopes })
  }
  // It may be at another port than before.
  await ask(`/${known.resource_server_id}`, { identifier }, 'PATCH')
  const { client_secret } = (await ask(`/${known.resource_server_id}/secrets`, {})) as { client_secret: string }
  return { client_id: known.client_id, client_secret }
}

function describe(identifier: string, { origin, password, users }: Facts): string {
  return `
  Company desk at ${identifier}
  beside the sandbox at ${origin}; stop both with Ctrl-C

  Add these addresses to an MCP client:
    ${identifier.replace('{company_domain}', 'casinoroyale')}
    ${identifier.replace('{company_domain}', 'universal-exports')}
  Sign in as ${users[0]?.email} with the password ${password}, and call whoami at each.
`
}

/** Whichever ends takes the other with it. */
function stopTogether(children: ChildProcess[]) {
  let asked = false
  const endAll = () => {
    for (const child of children) child.kill()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      asked = true
      endAll()
    })
  }
  Promise.all(children.map(child => once(child, 'exit').then(endAll))).then(() => process.exit(asked ? 0 : 1))
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
