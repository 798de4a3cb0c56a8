import { createReadStream, createWriteStream, existsSync, renameSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { migrateDatabase } from '../store/postgres/postgres-store.ts'
import { backUp, restore } from '../store/sqlite/backup.ts'
import { migrateFile } from '../store/sqlite/sqlite-store.ts'
import { copySqlite, undoCopy } from '../transfer/copy.ts'
import { exportLines, importLines } from '../transfer/export-stream.ts'
import { PostgresSource, PostgresTarget } from '../transfer/postgres.ts'
import { SqliteSource, SqliteTarget } from '../transfer/sqlite.ts'
import type { Source, Target } from '../transfer/tables.ts'
import { type AdministrationOptions, administer } from './administration.ts'
import { databasePath } from './data-folder.ts'
import { chooseDatabase, type Database, nameDatabase, requireDatabase, warnOfPassword } from './database.ts'
import { requireEnvironment } from './environment.ts'
import { print } from './output.ts'
import { progressBar } from './progress.ts'
import { UsageError } from './usage-error.ts'

interface CopyOptions {
  from: string
  to?: string
  undo?: boolean
  json?: boolean
}

/** Commands that take everything from one place to another. */
export function addMoveCommands(program: Command) {
  administer(
    program.command('export').description('write everything to a file, or to standard output, as lines of JSON'),
  )
    .option('--output <file>', 'the file; standard output when not given')
    .action(runExport)

  administer(
    program.command('import').description('read an export into an empty database; an interrupted import continues'),
  )
    .option('--input <file>', 'the file; standard input when not given')
    .action(runImport)

  program
    .command('copy')
    .description('move a running system from a file to PostgreSQL')
    .requiredOption('--from <sqlite:dir>', 'the data folder, such as sqlite:/var/lib/tenantry')
    .option('--to <url>', 'an empty PostgreSQL database (TENANTRY_DATABASE_URL, TENANTRY_DATABASE_URL_FILE)')
    .option('--undo', 'make a data folder that was copied writable again')
    .option('--json', 'print JSON')
    .action(runCopy)

  administer(program.command('backup').description('write a data folder’s database to a file, while servers use it'))
    .requiredOption('--to <file>', 'a file that is not there yet')
    .action(runBackup)

  administer(program.command('restore').description('make a data folder’s database from a backup'))
    .requiredOption('--from <file>', 'the backup')
    .action(runRestore)
}

async function runExport(options: AdministrationOptions & { output?: string }) {
  const database = chooseDatabase(options)
  requireDatabase(database)
  const source = await openSource(database)
  const bar = progressBar('Exporting')
  try {
    const lines = Readable.from(withEnds(exportLines(source, bar.progress)), { objectMode: false })
    if (options.output === undefined) {
      await pipeline(lines, process.stdout, { end: false })
      return
    }
    if (existsSync(options.output)) throw new UsageError(`${options.output} exists already. Nothing was changed.`)
    // The file has its name only when it is whole.
    const partial = `${options.output}.partial`
    await pipeline(lines, createWriteStream(partial, { mode: 0o600, flush: true }))
    renameSync(partial, options.output)
    bar.end()
    print(options, { exported: options.output }, `Exported ${nameDatabase(database)} to ${options.output}.`)
  } finally {
    bar.end()
    await source.close()
  }
}

async function* withEnds(lines: AsyncIterable<string>): AsyncIterable<string> {
  for await (const line of lines) yield `${line}\n`
}

async function runImport(options: AdministrationOptions & { input?: string }) {
  const database = chooseDatabase(options)
  if (options.input !== undefined && !existsSync(options.input))
    throw new UsageError(`There is no file ${options.input}.`)
  const target = await openTarget(database)
  const bar = progressBar('Importing')
  try {
    const input = options.input === undefined ? process.stdin : createReadStream(options.input)
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
    const counts = await importLines(lines, target, bar.progress)
    bar.end()
    const rows = Object.values(counts).reduce((sum, count) => sum + count, 0)
    print(
      options,
      { imported: counts },
      `Imported ${rows} rows into ${nameDatabase(database)}; counts and checksum are right.`,
    )
  } finally {
    bar.end()
    await target.close()
  }
}

async function runCopy({ from, to: given, undo, json }: CopyOptions) {
  const path = copyPath(from)
  if (undo) {
    undoCopy(path)
    return print({ json: json ?? false }, { undone: path }, `${path} can be written again.`)
  }
  warnOfPassword(given, '--to')
  const to = given ?? requireEnvironment().TENANTRY_DATABASE_URL
  if (to === undefined) {
    throw new UsageError(
      'Name an empty PostgreSQL database to copy to: TENANTRY_DATABASE_URL, TENANTRY_DATABASE_URL_FILE, or --to postgres://…',
    )
  }
  const bar = progressBar('Copying')
  const target = await openTarget({ url: to })
  try {
    const say = (sentence: string) => {
      bar.end()
      console.error(sentence)
    }
    const result = await copySqlite(path, target, { progress: bar.progress, say })
    bar.end()
    const words = `Copied ${result.rows} rows, ${result.changes} of them changed during the copy; counts and checksums match.
Writes were refused for ${result.pause} ms, and are refused in ${path} from now on.
Start the servers with --database now.`
    print({ json: json ?? false }, result, words)
  } finally {
    bar.end()
    await target.close()
  }
}

/** @throws {UsageError} */
function copyPath(from: string): string {
  const folder = /^sqlite:(.+)$/.exec(from)?.[1]
  if (folder === undefined) throw new UsageError('--from must be a data folder such as sqlite:/var/lib/tenantry.')
  const path = existsSync(folder) && statSync(folder).isFile() ? folder : databasePath(folder)
  if (!existsSync(path)) throw new UsageError(`There is no database in ${folder}.`)
  return path
}

function runBackup({ to, ...options }: AdministrationOptions & { to: string }) {
  const database = chooseDatabase(options)
  requireDatabase(database)
  const path = filePath(database)
  backUp(path, to)
  print(options, { backup: to }, `Backed up ${path} to ${to}. Keep the secrets too, apart from it.`)
}

function runRestore({ from, ...options }: AdministrationOptions & { from: string }) {
  const path = filePath(chooseDatabase(options))
  const setAside = restore(from, path)
  print(
    options,
    { restored: path, set_aside: setAside },
    [`Restored ${from} to ${path}, and checked it.`, ...setAside.map(file => describeLeftover(file, path))].join('\n'),
  )
}

function describeLeftover(file: string, path: string): string {
  const ending = file.slice(path.length).split('.')[0]
  return `The previous database at ${path} left commits that are not in its own file. They are saved in ${file}. To restore them, rename that file to THAT_DATABASE${ending} in the folder of the previous database before you open it.`
}

/** @throws {UsageError} for PostgreSQL, which has better tools of its own */
function filePath(database: Database): string {
  if (database.url !== undefined) {
    throw new UsageError(
      'For PostgreSQL use its own tools, pg_dump or pg_basebackup: see docs/operations/backing-up.md.',
    )
  }
  return databasePath(database.data)
}

async function openSource(database: Database): Promise<Source> {
  return database.url === undefined ? new SqliteSource(databasePath(database.data)) : PostgresSource.open(database.url)
}

/** Where rows can be put, with its tables made. */
export async function openTarget(database: Database): Promise<Target> {
  if (database.url === undefined) {
    migrateFile(databasePath(database.data))
    return new SqliteTarget(databasePath(database.data))
  }
  await migrateDatabase(database.url)
  return PostgresTarget.open(database.url)
}
