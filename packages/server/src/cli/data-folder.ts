import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../store/make-folder.ts'
import { requireEnvironment } from './environment.ts'
import { readTextFile } from './text-file.ts'
import { UsageError } from './usage-error.ts'

/** Where the commands look when nothing else is said. */
export const DEFAULT_DATA = '.tenantry'

/** The database in a data folder, or `:memory:`. */
export function databasePath(data: string): string {
  return data === ':memory:' ? data : join(data, 'tenantry.db')
}

export function hasDatabase(data: string): boolean {
  return existsSync(databasePath(data))
}

/**
 * The secrets in the environment, the current one first: `TENANTRY_SECRETS`, separated by commas or lines, or the file
 * that `TENANTRY_SECRETS_FILE` names.
 * @throws {UsageError} when that file cannot be read
 */
export function environmentSecrets(environment = process.env): string[] | undefined {
  const text = requireEnvironment(environment).TENANTRY_SECRETS
  return text === undefined ? undefined : splitSecrets(text)
}

export function splitSecrets(text: string): string[] {
  return text
    .split(/[,\n]/)
    .map(secret => secret.trim())
    .filter(secret => secret !== '')
}

/** The secret in the folder of a database that `tenantry dev` made; it is never in the database. */
export function readSecretFile(data: string): string | undefined {
  const path = secretPath(data)
  if (data === ':memory:' || !existsSync(path)) return undefined
  return readTextFile(path).trim()
}

/** @throws {UsageError} when the folder cannot be written to */
export function makeSecretFile(data: string): string {
  const secret = randomBytes(32).toString('base64url')
  if (data === ':memory:') return secret
  try {
    makeFolder(data)
    writeFileSync(secretPath(data), `${secret}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw new UsageError(
      `The folder ${data} cannot be written to (${(error as Error).message}). Choose another with --data.`,
    )
  }
  return secret
}

function secretPath(data: string): string {
  return join(data, 'secret')
}
