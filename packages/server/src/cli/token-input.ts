import { text } from 'node:stream/consumers'
import { UsageError } from './usage-error.ts'

/** A token from standard input: an argument would be seen by every user of the machine. */
export async function readToken(): Promise<string> {
  if (process.stdin.isTTY) console.error('Paste the token and press Enter, then Ctrl-D.')
  const token = (await text(process.stdin)).trim()
  if (token === '')
    throw new UsageError('Standard input has no token. Pipe one in, or give --company, --user or --client.')
  return token
}
