import type { Command } from 'commander'
import { newestVersion } from '../store/migrations/migrations.ts'
import { distributeDatabase, migrateDatabase } from '../store/postgres/postgres-store.ts'
import { migrateFile } from '../store/sqlite/sqlite-store.ts'
import { type AdministrationOptions, administer } from './administration.ts'
import { databasePath } from './data-folder.ts'
import { chooseDatabase, type Database, nameDatabase } from './database.ts'
import { print } from './output.ts'
import { UsageError } from './usage-error.ts'

interface MigrateOptions extends AdministrationOptions {
  distribute?: boolean
}

export function addMigrateCommand(program: Command) {
  administer(program.command('migrate').description('make the database, or bring it up to date'))
    .option('--distribute', 'lay its tables out over the machines of a Citus cluster; can be repeated')
    .action(async (options: MigrateOptions) => {
      const database = chooseDatabase(options)
      if (options.distribute && database.url === undefined) {
        throw new UsageError('Only PostgreSQL with Citus can be distributed. Name it with --database.')
      }
      const name = nameDatabase(database)
      const { applied, distributed } = await bringUpToDate(database, options.distribute ?? false)
      print(
        options,
        { database: name, version: newestVersion, applied, ...(distributed && { distributed }) },
        `${name} ${describeApplied(applied)}.${distributed ? ` ${describeDistributed(distributed)}` : ''}`,
      )
    })
}

async function bringUpToDate(
  database: Database,
  distribute: boolean,
): Promise<{ applied: string[]; distributed?: string[] }> {
  if (database.url === undefined) return { applied: migrateFile(databasePath(database.data)) }
  if (distribute) return distributeDatabase(database.url)
  return { applied: await migrateDatabase(database.url) }
}

function describeApplied(applied: string[]): string {
  return applied.length === 0 ? 'was up to date' : `is up to date now (${applied.join(', ')})`
}

function describeDistributed(tables: string[]): string {
  return tables.length === 0 ? 'Its tables were distributed.' : `Distributed now: ${tables.join(', ')}.`
}
