import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

// `npm run example`: the sandbox, and Field Notes registered at it.

const TENANTRY = fileURLToPath(new URL('../../packages/server/bin/tenantry.cjs', import.meta.url))
const MAIN = fileURLToPath(new URL('./src/main.ts', import.meta.url))
const ICON = fileURLToPath(new URL('./icon.svg', import.meta.url))

const USAGE = `npm run example -- [options]

  --port <number>          Field Notes' port; 3030, 0 for any free one
  --sandbox-port <number>  the sandbox's port; 4040, 0 for any free one
  --data <dir>             where both keep their data; .tenantry/example
  --json                   print one line of JSON once it is ready`

interface Options {
  port: number
  sandboxPort: number
  data: string
  json: boolean
}

/** What the registration gave, kept so that the next start is the same app. */
interface Registration {
  clientId: string
  clientSecret: string
  uninstallUrl: string
  install?: string
  encryptionKey: string
}

try {
  await run(readOptions())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

async function run(options: Options) {
  mkdirSync(options.data, { recursive: true })
  const origin = `http://localhost:${options.port || (await freePort())}`
  const { child: sandbox, line } = await start('The sandbox', [TENANTRY, ...sandboxArguments(options)])
  const facts = JSON.parse(line) as Facts
  const stopSandbox = (error: unknown) => {
    sandbox.kill()
    throw error
  }
  const { child: app } = await startFieldNotes(options, facts, origin).catch(stopSandbox)
  const ready = { origin, provider: facts, install_url: `${origin}/connect/start` }
  console.log(options.json ? JSON.stringify(ready) : describe(origin, facts))
  stopTogether([app, sandbox])
}

function readOptions(): Options {
  const port = { type: 'string' } as const
  try {
    const { values } = parseArgs({
      options: { port, 'sandbox-port': port, data: port, json: { type: 'boolean' }, help: { type: 'boolean' } },
    })
    if (values.help) {
      console.log(USAGE)
      process.exit(0)
    }
    return {
      port: portOf(values.port ?? '3030'),
      sandboxPort: portOf(values['sandbox-port'] ?? '4040'),
      data: values.data ?? '.tenantry/example',
      json: values.json ?? false,
    }
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${USAGE}`)
  }
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65535) return port
  throw new Error(`${text} is no port: it must be a number from 0 to 65535.`)
}

interface Facts {
  origin: string
  password: string
  users: { email: string }[]
}

function sandboxArguments({ sandboxPort, data }: Options): string[] {
  return ['dev', '--json', '--port', String(sandboxPort), '--data', join(data, 'sandbox')]
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

/** The app in a process of its own, from the sources of the kit. */
async function startFieldNotes({ data }: Options, { origin: issuer }: Facts, origin: string) {
  const { clientId, clientSecret, encryptionKey } = register(data, origin)
  return start('Field Notes', ['--conditions=@tenantry/source', MAIN], {
    PORT: new URL(origin).port,
    PROVIDER: issuer,
    CLIENT_ID: clientId,
    CLIENT_SECRET: clientSecret,
    CONNECT_KEY: encryptionKey,
    FIELD_NOTES_DATABASE: join(data, 'field-notes.db'),
  })
}

/** The app as it is registered; again if its address has changed, since uninstall callbacks are sent there, or what it is. */
function register(data: string, origin: string): Registration {
  const file = join(data, 'field-notes.json')
  const uninstallUrl = `${origin}/connect/callback`
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Registration) : undefined
  if (before?.uninstallUrl === uninstallUrl && before.install === 'both') return before
  const registration = {
    ...createApp(join(data, 'sandbox'), uninstallUrl),
    uninstallUrl,
    install: 'both',
    encryptionKey: before?.encryptionKey ?? randomBytes(32).toString('base64url'),
  }
  writeFileSync(file, JSON.stringify(registration, null, 2), { mode: 0o600 })
  return registration
}

function createApp(sandboxData: string, callback: string): { clientId: string; clientSecret: string } {
  const args = [
    '--name',
    'Field Notes',
    '--maker',
    'Field Notes Ltd',
    '--icon',
    ICON,
    '--scope',
    'base users:read',
    '--install',
    'both',
  ]
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      TENANTRY,
      'app',
      'create',
      '--json',
      '--data',
      sandboxData,
      ...args,
      '--redirect-uri',
      callback,
      '--uninstall-url',
      callback,
    ],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`Field Notes could not be registered: ${stderr}`)
  const { client_id, client_secret } = JSON.parse(stdout)
  return { clientId: client_id, clientSecret: client_secret }
}

function describe(origin: string, { origin: provider, password, users }: Facts): string {
  return `
  Field Notes at ${origin}
  beside the sandbox at ${provider}; stop both with Ctrl-C

  Open ${origin} and connect a company. Sign in as
    ${users[0]?.email} with the password ${password}
  Bond administers MI6: install it for everyone there, and MI6 has a notebook of its own.
  Then remove the app at ${provider}/connected-apps and watch it happen.
`
}

/** Whichever ends takes the other with it. */
function stopTogether(children: ChildProcess[]) {
  let asked = false
  const endAll = () => {
    for (const child of children) child.kill()
  }
  const stop = () => {
    asked = true
    endAll()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  const ends = children.map(child => once(child, 'exit').then(endAll))
  Promise.all(ends).then(() => process.exit(asked ? 0 : 1))
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
