import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { UsageError } from './usage-error.ts'

export interface ConfirmationOptions {
  yes?: boolean
  dryRun?: boolean
}

/** A command that ends something: it asks on a terminal. */
export function destructive(command: Command): Command {
  return command.option('--yes', 'do not ask').option('--dry-run', 'say what would be done, and change nothing')
}

/**
 * @param what is about to happen, as a sentence without its full stop: `User 7 is deleted`
 * @param options.canBeMadeAgain whether scripts may do it without `--yes`, as a membership can be added again
 * @returns false when nothing is to be done: for a dry run, or because the answer was no
 * @throws {UsageError} if the input is not a terminal
 */
export async function confirm(
  { yes, dryRun }: ConfirmationOptions,
  what: string,
  { canBeMadeAgain = false }: { canBeMadeAgain?: boolean } = {},
): Promise<boolean> {
  if (dryRun) {
    console.error(`Dry run, nothing was changed: ${what}.`)
    return false
  }
  if (yes) return true
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    if (canBeMadeAgain) return true
    throw new UsageError(
      `This cannot be undone: ${what}. Nothing was changed. Add --yes to do it, or --dry-run to see what would happen.`,
    )
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${what}${canBeMadeAgain ? '' : ' permanently'}. Continue? [y/N] `)
    if (/^y(es)?$/i.test(answer.trim())) return true
    console.error('Nothing was changed.')
    return false
  } finally {
    terminal.close()
  }
}
