import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import type { Runtime } from '../config/runtime.ts'
import { sandboxState } from '../sandbox/seed.ts'
import { createRuntime } from '../server.ts'
import { DEFAULT_DATA, databasePath, environmentSecrets, hasDatabase, readSecretFile } from './data-folder.ts'
import { UsageError } from './usage-error.ts'

export interface AdministrationOptions {
  data: string
  json?: boolean
}

/** A command that works on a database, also while a server runs on it. */
export function administer(command: Command): Command {
  return command
    .option('--data <dir>', 'the data folder', process.env.TENANTRY_DATA ?? DEFAULT_DATA)
    .option('--json', 'print JSON')
}

/**
 * Opens the database for one piece of work.
 * @throws {UsageError} when there is none
 */
export async function withRuntime<Result>(
  { data }: AdministrationOptions,
  work: (runtime: Runtime) => Promise<Result>,
): Promise<Result> {
  if (!hasDatabase(data)) {
    throw new UsageError(
      `There is no database in ${data}. Name its folder with --data, or make one with \`tenantry migrate\` or \`tenantry dev\`.`,
    )
  }
  const runtime = createRuntime({
    store: { path: databasePath(data), migrate: false },
    secrets: environmentSecrets() ?? [readSecretFile(data) ?? withoutSecret()],
    origin: 'http://localhost',
    localCallbacks: true,
  })
  try {
    return await work(await withLocalCallbacks(runtime))
  } finally {
    await runtime.store.close()
  }
}

/** Local uninstall URLs are for the sandbox only. */
async function withLocalCallbacks(runtime: Runtime): Promise<Runtime> {
  const localCallbacks = (await sandboxState(runtime.store)) === 'ready'
  return { ...runtime, settings: { ...runtime.settings, localCallbacks } }
}

/**
 * What needs the server's own secret.
 * @throws {UsageError} when it is not at hand: a secret encrypted under another could never be read
 */
export function requireSecret(data: string) {
  if (environmentSecrets() || readSecretFile(data)) return
  throw new UsageError(
    'Set TENANTRY_SECRETS to what the server has: this app keeps its client secret encrypted under it.',
  )
}

/** Most commands need no secret; what would be made under this one is refused before by {@link requireSecret}. */
function withoutSecret(): string {
  return randomBytes(32).toString('base64url')
}
