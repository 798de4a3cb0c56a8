import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { pino } from 'pino'
import type { Runtime } from '../config/runtime.ts'
import { LOAD_SETTING } from '../load/load.ts'
import { type Listener, listen } from '../node-server/listen.ts'
import { type Desk, DeskProcess, registerDesk } from '../sandbox/desk.ts'
import { gatherFacts, type SandboxFacts, SandboxSecretLost } from '../sandbox/facts.ts'
import { addSandboxRoutes } from '../sandbox/routes.ts'
import { letInstall, SANDBOX_SECRET, sandboxState, seedRoles, seedSandbox } from '../sandbox/seed.ts'
import { createRuntime, serveRuntime, type Tenantry } from '../server.ts'
import { findSetting } from '../store/queries/settings.ts'
import { hasMasterKeys } from '../store/sqlite/sqlite-store.ts'
import { StoreOpenError } from '../store/store.ts'
import { findCopyLeftovers } from '../transfer/copy.ts'
import { parsePort } from './arguments.ts'
import { databasePath, environmentSecrets, hasDatabase, makeSecretFile, readSecretFile } from './data-folder.ts'
import {
  addDatabaseOptions,
  chooseDatabase,
  type Database,
  type DatabaseFlags,
  nameDatabase,
  storeOptions,
} from './database.ts'
import { LogDestination } from './log-destination.ts'
import { describeSandbox } from './sandbox-text.ts'
import { closeOnSignal } from './signals.ts'
import { UsageError } from './usage-error.ts'

interface DevFlags extends DatabaseFlags {
  port: number
  host: string
  origin?: string
  json?: boolean
  logLevel: string
  /** False for a node that joins an existing sandbox. */
  seed: boolean
}

interface DevOptions extends DevFlags {
  log: LogDestination
}

/** On this machine only, unless a container or another machine is to reach it. */
const HOST = '127.0.0.1'

export function addDevCommand(program: Command) {
  const command = program
    .command('dev')
    .description('the sandbox: a whole provider with people, companies and an app')
    .option('--port <number>', 'port on this machine; 0 for any free one', parsePort, 4040)
    .option('--host <address>', 'address to listen on; 0.0.0.0 lets containers and other machines in', HOST)
  addDatabaseOptions(command)
    .option('--no-seed', 'join the sandbox that is in the database, as one more node of it')
    .option('--origin <url>', 'the address it is reached at, if not http://localhost:PORT')
    .option('--log-level <level>', 'what to log to standard error: info, warn, error or silent', 'warn')
    .option('--json', 'print the facts as one line of JSON once it is ready')
    .action(runDev)
}

async function runDev(flags: DevFlags) {
  const log = new LogDestination(2)
  const options = { ...flags, log }
  const listener = await listen(options.host, options.port)
  try {
    const database = chooseDatabase(options)
    const { tenantry, facts, desk } = await startSandbox(listener, options, database)
    // A program that reads the output may send a signal at once.
    const closed = closeOnSignal(listener, tenantry)
    console.log(options.json ? JSON.stringify(facts) : describeSandbox(facts, nameSandbox(database)))
    await closed
    await desk?.close()
  } catch (error) {
    await listener.close()
    throw error
  } finally {
    log.close()
  }
}

async function startSandbox(listener: Listener, options: DevOptions, database: Database) {
  const runtime = await openSandbox(options, database, options.origin ?? `http://localhost:${listener.port}`)
  try {
    await letInstall(runtime)
    const desk = await registerDesk(runtime, options.seed)
    const facts = await gatherSandboxFacts(runtime, nameSandbox(database), desk)
    const deskProcess = desk && new DeskProcess(desk, { origin: facts.origin, adminKey: facts.admin_key })
    const tenantry: Tenantry = serveRuntime(runtime, app =>
      addSandboxRoutes(app, facts, {
        callProvider: async (path, init) => tenantry.fetch(new Request(facts.origin + path, init)),
        desk: deskProcess,
      }),
    )
    // Every request goes through the routes, where the host name is checked.
    listener.serve({ fetch: tenantry.fetch })
    return { tenantry, facts, desk: deskProcess }
  } catch (error) {
    await runtime.store.close()
    throw error
  }
}

/** Opens the sandbox's database; makes and fills it when there is none, or when making it was cut off. */
async function openSandbox(options: DevOptions, database: Database, origin: string): Promise<Runtime> {
  const runtime = createRuntime({
    store: storeOptions(database, options.seed),
    secrets: sandboxSecrets(database, options.seed),
    origin,
    localCallbacks: true,
    mailbox: true,
    registration: 'open',
    metadataDocuments: true,
    companyApps: true,
    logger: pino({ level: options.logLevel }, options.log),
  })
  try {
    await runtime.store.ready
    await requireOwnState(runtime, options.seed, database)
    await runtime.keys.load()
    const leftovers = await findCopyLeftovers(runtime.store)
    if (leftovers !== undefined) runtime.log.warn(leftovers)
    if (options.seed) await ((await sandboxState(runtime.store)) === 'ready' ? seedRoles : seedSandbox)(runtime)
    return runtime
  } catch (error) {
    await runtime.store.close()
    throw error
  }
}

/** A sandbox in a folder has a secret of its own; nodes that share a database share a known one. */
function sandboxSecrets(database: Database, mayMake: boolean): string[] {
  if (database.url !== undefined) return environmentSecrets() ?? [SANDBOX_SECRET]
  const { data } = database
  const secret = readSecretFile(data)
  if (secret !== undefined) return [secret]
  if (hasDatabase(data) && hasMasterKeys(databasePath(data))) return secretIsLost(data)
  if (!mayMake && !hasDatabase(data)) {
    throw new UsageError(`There is no sandbox in ${data}. Start it without --no-seed.`)
  }
  // What `migrate` or `load` made belongs to no secret yet.
  return [makeSecretFile(data)]
}

/** @throws {UsageError} when the database was not made by the sandbox, or there is no sandbox to join */
async function requireOwnState({ store }: Runtime, mayMake: boolean, database: Database) {
  const where = nameSandbox(database)
  for (let attempts = 60; attempts > 0; attempts--) {
    const state = await sandboxState(store)
    if (state === 'ready') return
    if (state === 'foreign' && (await findSetting(store, LOAD_SETTING)) !== undefined) {
      throw new UsageError(
        `The database in ${where} holds synthetic data of \`tenantry load\`, which cannot be mixed with a sandbox. Serve it with TENANTRY_MODE=development tenantry serve.`,
      )
    }
    if (state === 'foreign') {
      throw new UsageError(
        `The database in ${where} was not made by \`tenantry dev\`, and cannot be mixed with a sandbox. Choose another with --data or --database.`,
      )
    }
    if (mayMake) return
    if (state === 'empty') break
    // Another node is filling it.
    await sleep(500)
  }
  throw new UsageError(`There is no sandbox in ${where}. Start its first node without --no-seed.`)
}

function nameSandbox(database: Database): string {
  return database.data ?? nameDatabase(database)
}

async function gatherSandboxFacts(runtime: Runtime, data: string, desk: Desk | undefined): Promise<SandboxFacts> {
  try {
    return await gatherFacts(runtime, desk)
  } catch (error) {
    if (error instanceof SandboxSecretLost) return secretIsLost(data)
    throw error
  }
}

function secretIsLost(data: string): never {
  throw new StoreOpenError(
    `The file ${data}/secret, which belongs to the database in the same folder, is missing or was changed. Put it back, or use another folder with --data.`,
  )
}
