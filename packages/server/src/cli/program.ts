import { createRequire } from 'node:module'
import { Command, CommanderError } from 'commander'
import { InputError } from '../companies/input.ts'
import { SettingsError } from '../config/settings.ts'
import { ListenError } from '../node-server/listen.ts'
import { StoreOpenError, StoreUnavailable } from '../store/store.ts'
import { TransferError } from '../transfer/export-stream.ts'
import { addExamples } from './examples.ts'
import { addServeCommand } from './serve.ts'
import { UsageError } from './usage-error.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/** `tenantry` without its commands. */
export function emptyProgram(): Command {
  return new Command('tenantry')
    .description('OAuth server whose tokens are bound to one user, one company and one app')
    .version(version, '-v, --version', 'print the version')
    .showHelpAfterError('(add --help for how to use it)')
    .exitOverride()
}

/** A server that runs for months does not load what other commands need. */
async function programFor([first]: string[]): Promise<Command> {
  if (first !== 'serve') return (await import('./commands.ts')).createProgram()
  const program = emptyProgram()
  addServeCommand(program)
  addExamples(program)
  return program
}

/**
 * Runs a command line.
 * @returns the exit code: 0 done, 1 not done and said why
 */
export async function runCommand(args: string[]): Promise<number> {
  const isJson = args.includes('--json')
  const program = await programFor(args)
  try {
    if (isJson) printErrorsAsJson(program)
    requireKnownTopic(program, args)
    await program.parseAsync(args, { from: 'user' })
    // A command that has printed what is wrong says so here.
    return Number(process.exitCode ?? 0)
  } catch (error) {
    return explain(error, isJson)
  }
}

/** What Commander says of a command line, for programs to read. */
function printErrorsAsJson(command: Command) {
  command.showHelpAfterError(false).configureOutput({
    outputError: (text, write) => write(asJson(text.trim().replace(/^error: /, ''))),
  })
  for (const each of command.commands) printErrorsAsJson(each)
}

function asJson(message: string): string {
  return `${JSON.stringify({ error: message })}\n`
}

/** `tenantry help nope` */
function requireKnownTopic(program: Command, [first, ...topic]: string[]) {
  if (first !== 'help') return
  let command = program
  for (const name of topic.filter(each => !each.startsWith('-'))) {
    const next = command.commands.find(each => each.name() === name)
    if (!next) {
      const names = command.commands.map(each => each.name()).join(', ')
      throw new UsageError(`There is no command ${name}. There are ${names || 'none below this one'}.`)
    }
    command = next
  }
}

const EXPECTED = [InputError, SettingsError, StoreOpenError, ListenError, UsageError, StoreUnavailable, TransferError]

function explain(error: unknown, isJson: boolean): number {
  // Commander has said what it had to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1
  const message = EXPECTED.some(kind => error instanceof kind) ? (error as Error).message : explainFile(error)
  if (message !== undefined) process.stderr.write(isJson ? asJson(message) : `${message}\n`)
  else if (isJson)
    process.stderr.write(asJson(`fault in Tenantry, please report it: ${(error as Error)?.stack ?? error}`))
  else console.error('This is a fault in Tenantry, please report it:', error)
  return 1
}

const FILE_ERRORS: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'the permissions do not allow it',
  EPERM: 'the permissions do not allow it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  EEXIST: 'it exists already',
  EROFS: 'it is on a read-only disk',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open',
}

/** An error of the operating system about a file that the user named: not an internal error. */
function explainFile(error: unknown): string | undefined {
  const { code = '', path, syscall } = (error ?? {}) as NodeJS.ErrnoException
  const reason = FILE_ERRORS[code]
  if (reason === undefined || path === undefined || syscall === undefined) return undefined
  const verb = /^(open|mkdir|write|rename|unlink|copyfile|fsync)$/.test(syscall) ? 'opened or written' : 'used'
  return `${path} cannot be ${verb}: ${reason}.`
}
