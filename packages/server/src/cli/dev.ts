import { rmSync } from 'node:fs'
import type { Command } from 'commander'
import { pino } from 'pino'
import type { Runtime } from '../config/runtime.ts'
import { type Listener, listen } from '../listen.ts'
import { gatherFacts, type SandboxFacts, SandboxSecretLost } from '../sandbox/facts.ts'
import { addSandboxRoutes } from '../sandbox/routes.ts'
import { sandboxState, seedSandbox } from '../sandbox/seed.ts'
import { createRuntime, serveRuntime, type Tenantry } from '../server.ts'
import { StoreOpenError } from '../store/store.ts'
import { parsePort } from './arguments.ts'
import { DEFAULT_DATA, databasePath, hasDatabase, makeSecretFile, readSecretFile } from './data-folder.ts'
import { closeOnSignal } from './signals.ts'
import { UsageError } from './usage-error.ts'

interface DevOptions {
  port: number
  data: string
  origin?: string
  json?: boolean
  logLevel: string
}

/** What is served is on this machine only. */
const HOST = '127.0.0.1'

export function addDevCommand(program: Command) {
  program
    .command('dev')
    .description('the sandbox: a whole provider with people, companies and an app')
    .option('--port <number>', 'port on this machine; 0 for any free one', parsePort, 4040)
    .option('--data <dir>', 'where it is kept between runs, or :memory:', process.env.TENANTRY_DATA ?? DEFAULT_DATA)
    .option('--origin <url>', 'the address it is reached at, if not http://localhost:PORT')
    .option('--log-level <level>', 'what to log to standard error: info, warn, error or silent', 'warn')
    .option('--json', 'print the facts as one line of JSON once it is ready')
    .action(runDev)
}

async function runDev(options: DevOptions) {
  const listener = await listen(HOST, options.port)
  try {
    const { tenantry, facts } = await startSandbox(listener, options)
    console.log(options.json ? JSON.stringify(facts) : describe(facts, options.data))
    await closeOnSignal(listener, tenantry)
  } catch (error) {
    await listener.close()
    throw error
  }
}

async function startSandbox(listener: Listener, options: DevOptions) {
  const runtime = await openSandbox(options, options.origin ?? `http://localhost:${listener.port}`)
  try {
    const facts = await gatherSandboxFacts(runtime, options.data)
    const tenantry: Tenantry = serveRuntime(runtime, app =>
      addSandboxRoutes(app, facts, async (path, init) => tenantry.fetch(new Request(facts.origin + path, init))),
    )
    listener.serve(tenantry)
    return { tenantry, facts }
  } catch (error) {
    await runtime.store.close()
    throw error
  }
}

/** Opens the sandbox's database; makes and fills it when there is none, or when making it was cut off. */
async function openSandbox(options: DevOptions, origin: string): Promise<Runtime> {
  const { data } = options
  const existed = hasDatabase(data)
  const secret = readSecretFile(data) ?? (existed ? secretIsLost(data) : makeSecretFile(data))
  const open = () =>
    createRuntime({
      store: { path: databasePath(data), migrate: true },
      secrets: [secret],
      origin,
      localCallbacks: true,
      logger: pino({ level: options.logLevel }, pino.destination(2)),
    })
  let runtime = open()
  const state = await sandboxState(runtime.store)
  if (state === 'ready') return runtime
  if (state === 'half') {
    await runtime.store.close()
    for (const suffix of ['', '-wal', '-shm']) rmSync(databasePath(data) + suffix, { force: true })
    runtime = open()
  }
  if (state === 'foreign') {
    await runtime.store.close()
    throw new UsageError(
      `The database in ${data} was not made by \`tenantry dev\`, and the sandbox does not mix with it. Choose another folder with --data.`,
    )
  }
  await seedSandbox(runtime)
  return runtime
}

async function gatherSandboxFacts(runtime: Runtime, data: string): Promise<SandboxFacts> {
  try {
    return await gatherFacts(runtime)
  } catch (error) {
    if (error instanceof SandboxSecretLost) return secretIsLost(data)
    throw error
  }
}

function secretIsLost(data: string): never {
  throw new StoreOpenError(
    `The file ${data}/secret that belongs to the database beside it is missing or was changed. Put it back, or start afresh with another --data.`,
  )
}

function describe(facts: SandboxFacts, data: string): string {
  const users = facts.users.map(({ user_id, email, companies, password_changed }) => {
    const where = companies.length === 0 ? 'active nowhere' : `at ${companies.join(', ')}`
    return `    ${user_id}  ${email.padEnd(44)}${where}${password_changed ? ', password changed' : ''}`
  })
  const token = facts.access_token
    ? `curl -H 'Authorization: Bearer ${facts.access_token}' ${facts.origin}/users/me`
    : 'No ready token: the sandbox app is disabled, or nobody is active.'
  return `
  Tenantry sandbox at ${facts.origin}
  kept in ${data}; stop it with Ctrl-C

  Sign in as (password for all: ${facts.password})
${users.join('\n')}

  Sandbox app
    client id      ${facts.client_id}
    client secret  ${facts.client_secret}
    redirect URIs  http://localhost/callback and http://127.0.0.1/callback, any port

  Try it in a browser: ${facts.origin}/
  Or right now:

${token}
`
}
