import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import type { Runtime } from '../config/runtime.ts'
import type { SettingsInput } from '../config/settings.ts'
import { SANDBOX_SECRET, sandboxState } from '../sandbox/seed.ts'
import { createRuntime } from '../server.ts'
import { environmentSecrets, readSecretFile } from './data-folder.ts'
import {
  addDatabaseOptions,
  chooseDatabase,
  type Database,
  type DatabaseFlags,
  requireDatabase,
  storeOptions,
} from './database.ts'
import { requireEnvironment } from './environment.ts'
import { readConfigurationFile } from './serve-configuration.ts'
import { UsageError } from './usage-error.ts'

export interface AdministrationOptions extends DatabaseFlags {
  json?: boolean
  /** The server's configuration file, for the scopes that it defines. */
  config?: string
}

/** What an administering command works with. */
export interface Administration extends Runtime {
  /**
   * Makes the server's keys usable, for what needs them.
   * @throws {UsageError} when the secrets are not at hand: what is encrypted under others could never be read
   */
  loadKeys(): Promise<void>
}

/** A command that works on a database, also while a server runs on it. */
export function administer(command: Command): Command {
  return addDatabaseOptions(command).option('--json', 'print JSON')
}

/**
 * Opens the database for one piece of work.
 * @throws {UsageError} when there is none
 */
export async function withRuntime<Result>(
  options: AdministrationOptions,
  work: (runtime: Administration) => Promise<Result>,
): Promise<Result> {
  const database = chooseDatabase(options)
  requireDatabase(database)
  const secrets = environmentSecrets() ?? sandboxSecrets(database)
  const runtime = createRuntime({
    store: storeOptions(database, false),
    secrets: secrets ?? [randomBytes(32).toString('base64url')],
    origin: 'http://localhost',
    localCallbacks: true,
    scopes: configuredScopes(options.config),
  })
  try {
    await runtime.store.ready
    // Local uninstall URLs, and secrets that everybody knows, are for the sandbox only.
    const isSandbox = (await sandboxState(runtime.store)) === 'ready'
    const atHand = environmentSecrets() ?? (isSandbox || database.url === undefined ? secrets : undefined)
    return await work({
      ...runtime,
      settings: { ...runtime.settings, localCallbacks: isSandbox },
      loadKeys: () => (atHand ? runtime.keys.load() : missingSecrets()),
    })
  } finally {
    await runtime.store.close()
  }
}

/** What the configuration file that `--config` or `TENANTRY_CONFIG` names says of scopes. */
function configuredScopes(path = requireEnvironment().TENANTRY_CONFIG): SettingsInput['scopes'] {
  if (path === undefined) return {}
  const mistakes: string[] = []
  const { scopes } = readConfigurationFile(path, mistakes)
  if (mistakes.length > 0) throw new UsageError(mistakes.join('\n'))
  return scopes as SettingsInput['scopes']
}

/** The secrets of a sandbox: beside its file, or those of every sandbox on PostgreSQL. */
function sandboxSecrets(database: Database): string[] | undefined {
  if (database.url !== undefined) return [SANDBOX_SECRET]
  const secret = readSecretFile(database.data)
  return secret === undefined ? undefined : [secret]
}

async function missingSecrets(): Promise<never> {
  throw new UsageError(
    'Set TENANTRY_SECRETS to what the server has: the client secret of an app with an uninstall URL is kept encrypted under it.',
  )
}
