import { randomBytes } from 'node:crypto'
import { userInfo } from 'node:os'
import type { Command } from 'commander'
import { KeyRing } from '../config/key-ring.ts'
import type { Runtime } from '../config/runtime.ts'
import type { SettingsInput } from '../config/settings.ts'
import { SANDBOX_SECRET, sandboxState } from '../sandbox/seed.ts'
import { createRuntime } from '../server.ts'
import type { Store } from '../store/store.ts'
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
  work: (runtime: Runtime) => Promise<Result>,
): Promise<Result> {
  const database = chooseDatabase(options)
  requireDatabase(database)
  const secrets = environmentSecrets() ?? sandboxSecrets(database)
  const runtime = createRuntime({
    store: storeOptions(database, false),
    secrets: secrets ?? [newSecret()],
    origin: 'http://localhost',
    localCallbacks: true,
    scopes: configuredScopes(options.config),
  })
  try {
    await runtime.store.ready
    // Local uninstall URLs and the public secret are for the sandbox only.
    const isSandbox = (await sandboxState(runtime.store)) === 'ready'
    const atHand = environmentSecrets() ?? (isSandbox || database.url === undefined ? secrets : undefined)
    return await work({
      ...runtime,
      actor: { type: 'command', id: userInfo().username },
      settings: { ...runtime.settings, localCallbacks: isSandbox },
      keys: atHand ? runtime.keys : new MissingKeys(runtime.store, runtime.clock),
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

/** The secrets of a sandbox: from its folder, or the public one of every sandbox on PostgreSQL. */
function sandboxSecrets(database: Database): string[] | undefined {
  if (database.url !== undefined) return [SANDBOX_SECRET]
  const secret = readSecretFile(database.data)
  return secret === undefined ? undefined : [secret]
}

/** Stands for keys whose secrets are not given: what is encrypted under other secrets could never be read. */
class MissingKeys extends KeyRing {
  constructor(store: Store, clock: () => number) {
    super(store, [newSecret()], clock)
  }

  override async load(): Promise<never> {
    throw new UsageError(
      'Set TENANTRY_SECRETS to the secrets of the server: the client secret of an app with an uninstall URL is encrypted under them.',
    )
  }
}

function newSecret(): string {
  return randomBytes(32).toString('base64url')
}
