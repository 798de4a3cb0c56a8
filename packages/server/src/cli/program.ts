import { createRequire } from 'node:module'
import { Command, CommanderError } from 'commander'
import { InputError } from '../companies/input.ts'
import { SettingsError } from '../config/settings.ts'
import { ListenError } from '../listen.ts'
import { StoreOpenError, StoreUnavailable } from '../store/store.ts'
import { TransferError } from '../store/transfer/export-stream.ts'
import { addAppCommands } from './app.ts'
import { addCompanyCommands } from './company.ts'
import { addDevCommand } from './dev.ts'
import { addInstallationCommands } from './installation.ts'
import { addKeyCommands } from './key.ts'
import { addLoadCommand } from './load.ts'
import { addMemberCommands } from './member.ts'
import { addMigrateCommand } from './migrate.ts'
import { addMoveCommands } from './move.ts'
import { addServeCommand } from './serve.ts'
import { addTokenCommands } from './token.ts'
import { UsageError } from './usage-error.ts'
import { addUserCommands } from './user.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/** Every command of `tenantry`. */
export function createProgram(): Command {
  const program = new Command('tenantry')
    .description('OAuth server whose tokens are bound to one user, one company and one app')
    .version(version, '-v, --version', 'print the version')
    .showHelpAfterError('(add --help for how to use it)')
    .exitOverride()
  addDevCommand(program)
  addServeCommand(program)
  addMigrateCommand(program)
  addMoveCommands(program)
  addCompanyCommands(program)
  addUserCommands(program)
  addMemberCommands(program)
  addAppCommands(program)
  addInstallationCommands(program)
  addTokenCommands(program)
  addKeyCommands(program)
  addLoadCommand(program)
  return program
}

/**
 * Runs a command line.
 * @returns the exit code: 0 done, 1 not done and said why
 */
export async function runCommand(args: string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    return explain(error)
  }
}

function explain(error: unknown): number {
  // Commander has said what it had to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1
  const expected = [InputError, SettingsError, StoreOpenError, ListenError, UsageError, StoreUnavailable, TransferError]
  if (expected.some(kind => error instanceof kind)) console.error((error as Error).message)
  else console.error('This is a fault in Tenantry, please report it:', error)
  return 1
}
