import { beforeAll, expect } from 'vitest'
import { Client, type TokenAnswer } from './client.ts'
import { makeTestDatabase, type TestDatabase } from './database.ts'
import { Person } from './person.ts'
import { type RunningSandbox, runCommand, startSandbox } from './sandbox-process.ts'

/** The database that the commands of this file share with a server. */
export let database: TestDatabase
/** That server. */
export let sandbox: RunningSandbox

/** Runs the tests of a file on the data of a server that runs meanwhile. */
export function useServerBesideCommands(): void {
  beforeAll(async () => {
    database = await makeTestDatabase()
    sandbox = await startSandbox(database.flags)
    return async () => {
      await sandbox.stop()
      await database.remove()
    }
  })
}

/** A command that does what it was asked; what it printed as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: each command prints something else, and the tests say what.
export async function run(...args: string[]): Promise<any> {
  const { code, stdout, stderr } = await runCommand([...args, ...database.flags, '--json'])
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' })
  return JSON.parse(stdout)
}

/** A command that refuses without a stack trace; what it said. */
export async function fail(args: string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await runCommand([...args, ...database.flags], { input })
  expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: '' })
  expect(stderr).not.toContain('    at ')
  return stderr
}

export const fetchSandbox = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(new URL(path, sandbox.facts.origin), init)

export const me = (token: string): Promise<Response> =>
  fetchSandbox('/users/me', { headers: { Authorization: `Bearer ${token}` } })

/** Installs the sandbox's app as a person would. */
export async function install(
  email: string,
  password = sandbox.facts.password,
  company?: number,
): Promise<TokenAnswer> {
  const { client_id, client_secret } = sandbox.facts
  const client = new Client(fetchSandbox, client_id, client_secret, 'http://127.0.0.1:5999/callback')
  const choice = company === undefined ? { email, password } : { email, password, company }
  return client.tokens(await new Person(fetchSandbox).code(client, choice))
}
