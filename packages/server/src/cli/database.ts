import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { PostgresOptions } from '../store/postgres/options.ts'
import type { SqliteOptions } from '../store/sqlite/sqlite-store.ts'
import { DEFAULT_DATA, databasePath } from './data-folder.ts'
import { requireEnvironment } from './environment.ts'
import { UsageError } from './usage-error.ts'

/** Where the database is, as it was said: a data folder, or a PostgreSQL address. */
export interface DatabaseFlags {
  data?: string
  database?: string
}

export type Database = { data: string; url?: never } | { url: string; data?: never }

/** What a command that works on a database understands. */
export function addDatabaseOptions(command: Command): Command {
  return command
    .option('--data <dir>', `the data folder (TENANTRY_DATA), ${DEFAULT_DATA} when not given`)
    .option(
      '--database <url>',
      'a PostgreSQL database instead, postgres://… (TENANTRY_DATABASE_URL, TENANTRY_DATABASE_URL_FILE)',
    )
}

/**
 * The database of a command: from its flags, otherwise from the variables, otherwise the default folder.
 * @throws {UsageError} when two are named at once
 */
export function chooseDatabase(flags: DatabaseFlags, environment = process.env): Database {
  warnOfPassword(flags.database, '--database')
  const variables = requireEnvironment(environment)
  const named = { data: variables.TENANTRY_DATA, database: variables.TENANTRY_DATABASE_URL }
  return (
    onlyOne(flags, '--data and --database name two databases. Give one of them.') ??
    onlyOne(
      named,
      'TENANTRY_DATA and TENANTRY_DATABASE_URL name two databases. Set one, or give --data or --database.',
    ) ??
    ({ data: DEFAULT_DATA } as const)
  )
}

/** An argument is seen by every user of the machine. */
export function warnOfPassword(url: string | undefined, flag: string) {
  if (url === undefined || !URL.canParse(url) || new URL(url).password === '') return
  console.error(
    `Every user of this machine can read the password in ${flag}. Put the address into TENANTRY_DATABASE_URL or into a file that TENANTRY_DATABASE_URL_FILE names, or the password into ~/.pgpass.`,
  )
}

function onlyOne({ data, database }: { [Name in keyof DatabaseFlags]: string | undefined }, mistake: string) {
  if (data !== undefined && database !== undefined) throw new UsageError(mistake)
  if (database !== undefined) return { url: database }
  return data === undefined ? undefined : { data }
}

/** How to open it. A database in a folder must be there unless it may be made. */
export function storeOptions(database: Database, migrate: boolean): SqliteOptions | PostgresOptions {
  if (database.url !== undefined) return { url: database.url, migrate }
  return { path: databasePath(database.data), migrate }
}

/** @throws {UsageError} when a folder holds no database; whether PostgreSQL has one is seen when it is opened */
export function requireDatabase({ data }: Database) {
  if (data === undefined || existsSync(databasePath(data))) return
  throw new UsageError(
    `There is no database in ${data}. Create it with \`tenantry migrate --data ${data}\`, or name another folder with --data.`,
  )
}

/** As it may be printed: without a password. */
export function nameDatabase(database: Database): string {
  if (database.url === undefined) return databasePath(database.data)
  if (!URL.canParse(database.url)) return 'the database'
  const url = new URL(database.url)
  return `${url.protocol}//${url.host}${url.pathname}`
}
