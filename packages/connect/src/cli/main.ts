import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ConnectError } from '../errors.ts'
import type { IdKind } from '../ids.ts'
import { randomText } from '../keys/bytes.ts'
import { createKeyring } from '../keys/keyring.ts'
import type { LinkStore } from '../store/store.ts'
import { type RewrapProgress, rewrapTokens } from '../tokens/rewrap.ts'

const USAGE = `tenantry-connect: keys and tokens of an app that uses @tenantry/connect

  tenantry-connect key
      prints a new encryption key

  tenantry-connect rewrap --store <address> [--provider <name>] [--json]
      encrypts all tokens under the current key. CONNECT_KEYS has the keys, the current one first, separated by
      commas. The address is a SQLite file or postgres://…; --provider may stand several times (tenantry and pipedrive
      unless it does). It can be broken off and run again, while the app runs.`

/** PostgreSQL's code for a table that is not there. */
const UNDEFINED_TABLE = '42P01'

/** A mistake on the command line. */
class UsageError extends Error {}

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  const isOurs = error instanceof UsageError || error instanceof ConnectError
  console.error(isOurs ? error.message : error)
  process.exitCode = error instanceof UsageError ? 2 : 1
}

async function run([command, ...args]: string[]): Promise<number> {
  if (command === 'key') {
    console.log(randomText(32))
    return 0
  }
  if (command === 'rewrap') return rewrap(args)
  if (command === undefined || command === '--help' || command === 'help') {
    console.log(USAGE)
    return 0
  }
  throw new UsageError(`There is no command ${command}.\n\n${USAGE}`)
}

async function rewrap(args: string[]): Promise<number> {
  const { store: address, providers, json } = readOptions(args)
  const keyring = createKeyring(
    (process.env.CONNECT_KEYS ?? '')
      .split(/[,\n]/)
      .map(key => key.trim())
      .filter(Boolean),
  )
  const { store, close } = await openStore(address)
  const total: RewrapProgress = { seen: 0, rewrapped: 0, unreadable: 0 }
  try {
    for (const provider of providers) {
      for (const ids of ['integer', 'text'] as const) {
        const show = (progress: RewrapProgress) => showProgress(provider, progress)
        const done = await rewrapTokens(store, keyring, { name: provider, ids }, show).catch(noTextIds(ids))
        for (const name of ['seen', 'rewrapped', 'unreadable'] as const) total[name] += done[name]
      }
    }
  } finally {
    await close()
  }
  if (process.stderr.isTTY) process.stderr.write('\n')
  console.log(
    json
      ? JSON.stringify(total)
      : `${total.seen} links: ${total.rewrapped} encrypted again, ${total.seen - total.rewrapped - total.unreadable} already current, ${total.unreadable} that no key in CONNECT_KEYS decrypts.`,
  )
  return total.unreadable > 0 ? 1 : 0
}

/** Where no provider has text ids, a database need not have their table. */
function noTextIds(ids: IdKind): (error: unknown) => RewrapProgress {
  return error => {
    if (ids === 'text' && (error as { code?: string }).code === UNDEFINED_TABLE) {
      return { seen: 0, rewrapped: 0, unreadable: 0 }
    }
    throw error
  }
}

function readOptions(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        store: { type: 'string' },
        provider: { type: 'string', multiple: true },
        json: { type: 'boolean' },
      },
    })
    if (!values.store) throw new Error('Name the store: --store links.db or --store postgres://…')
    return { store: values.store, providers: values.provider ?? ['tenantry', 'pipedrive'], json: values.json ?? false }
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`)
  }
}

async function openStore(address: string): Promise<{ store: LinkStore; close(): unknown }> {
  if (/^postgres(ql)?:\/\//.test(address)) {
    const { postgresStore } = await import('../store/postgres.ts')
    const store = postgresStore(address)
    return { store, close: () => store.close() }
  }
  if (!existsSync(address)) throw new UsageError(`There is no file ${address}.`)
  const { sqliteStore } = await import('../store/sqlite.ts')
  const store = sqliteStore(address)
  return { store, close: () => store.close() }
}

/** A progress line, if standard error is a terminal. */
function showProgress(provider: string, { seen, rewrapped }: RewrapProgress): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${provider}: ${seen} links seen, ${rewrapped} encrypted again`)
}
