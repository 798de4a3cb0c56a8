import type { Command } from 'commander'
import { migrations } from '../store/migrate.ts'
import { migrateFile } from '../store/sqlite/sqlite-store.ts'
import { type AdministrationOptions, administer } from './administration.ts'
import { databasePath } from './data-folder.ts'
import { print } from './output.ts'

export function addMigrateCommand(program: Command) {
  administer(program.command('migrate').description('make the database, or bring it up to date')).action(
    async (options: AdministrationOptions) => {
      const path = databasePath(options.data)
      const applied = migrateFile(path)
      const version = migrations.at(-1)!.version
      const words = applied.length === 0 ? 'was up to date' : `is up to date now (${applied.join(', ')})`
      print(options, { database: path, version, applied }, `${path} ${words}.`)
    },
  )
}
