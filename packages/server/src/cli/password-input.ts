import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { withoutMark } from './text-file.ts'
import { UsageError } from './usage-error.ts'

/**
 * A password from the terminal, not shown and asked for twice, or the first line of standard input. Never an
 * argument: those are seen by every user of the machine.
 */
export async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return readLine()
  const password = await ask('New password: ')
  if ((await ask('Repeat it: ')) !== password)
    throw new UsageError('The two passwords are different. Nothing was changed.')
  return password
}

async function readLine(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const line = withoutMark(Buffer.concat(chunks).toString('utf8')).split(/\r?\n/)[0]!
  if (line === '') throw new UsageError('Standard input has no password.')
  return line
}

async function ask(question: string): Promise<string> {
  process.stderr.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true })
  // Ctrl-C ends the question and the program.
  terminal.on('SIGINT', () => process.exit(130))
  try {
    return await terminal.question('')
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}
