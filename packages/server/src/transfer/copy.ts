import { sql } from 'kysely'
import type { Store } from '../store/store.ts'
import { applyChanges } from './apply-changes.ts'
import { type Progress, TransferError } from './export-stream.ts'
import { Checksum } from './row-text.ts'
import { SqliteSource } from './sqlite.ts'
import { SqliteChangeLog } from './sqlite-changes.ts'
import { type Source, type Target, type TransferTable, transferTables } from './tables.ts'

const BATCH = 1000
/** So few changes are made good in a moment. */
const FEW = 200
const MAX_ROUNDS = 20
const MARK = '{"copy":true}'

/** Reports progress. */
export interface CopyReporter {
  progress: Progress
  /** One thing after the other, as a sentence. */
  say(sentence: string): void
}

export interface CopyResult {
  rows: number
  /** Changes made while the rows were copied, and made good. */
  changes: number
  /** Milliseconds for which nothing could be written. */
  pause: number
}

/**
 * Copies a database file that servers are using. Rows are copied and compared while the servers work, then the changes
 * since then. Writes are refused for the last changes, and stay refused, since the copy is the current one now.
 * @throws {TransferError} when the copy is not the same; the file can be written again then
 */
export async function copySqlite(path: string, target: Target, reporter: CopyReporter): Promise<CopyResult> {
  const log = new SqliteChangeLog(path)
  try {
    if (log.isFrozen()) {
      throw new TransferError(
        'This database has been copied before, and is read-only since. To use it again: `tenantry copy --undo`.',
      )
    }
    await requireEmpty(target)
    await target.writeSetting(MARK)
    log.start()
    try {
      const result = await copyAndFreeze(path, log, target, reporter)
      log.stop()
      return result
    } catch (error) {
      leaveAsItWas(log, error, reporter)
      throw error
    }
  } finally {
    log.close()
  }
}

/** Reports the original error even if cleaning up fails as well. */
function leaveAsItWas(log: SqliteChangeLog, cause: unknown, { say }: CopyReporter) {
  for (const clean of [() => log.thaw(), () => log.stop()]) {
    try {
      clean()
    } catch (error) {
      say(
        `The copy failed (${messageOf(cause)}), and what it had prepared in the file could not be removed (${messageOf(error)}). Run \`tenantry copy --undo\` once that is mended.`,
      )
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * What an unfinished copy has left in a database file: its triggers record every change until they are removed.
 * @returns a sentence for the operator, or undefined where nothing is left
 */
export async function findCopyLeftovers({ db, engine }: Store): Promise<string | undefined> {
  if (engine !== 'sqlite') return undefined
  const { rows } = await sql<{ found: number }>`SELECT count(*) AS found FROM sqlite_master
    WHERE name LIKE 'copy\\_%' ESCAPE '\\' AND type IN ('table', 'trigger')`.execute(db)
  if (!rows[0]?.found) return undefined
  return 'A copy of this database is running, or one did not finish: its triggers record every change. If none is running, remove them with `tenantry copy --undo`.'
}

/** Makes a database file that was copied writable again, and removes what an unfinished copy left. */
export function undoCopy(path: string) {
  const log = new SqliteChangeLog(path)
  log.stop()
  log.thaw()
  log.close()
}

async function requireEmpty(target: Target) {
  if ((await target.readSetting()) === MARK) return target.clear()
  if (!(await target.isEmpty())) throw new TransferError('The database to copy to is not empty. Nothing was changed.')
}

async function copyAndFreeze(
  path: string,
  log: SqliteChangeLog,
  target: Target,
  { progress, say }: CopyReporter,
): Promise<CopyResult> {
  say('Copying. Servers keep working.')
  const sums = await copyRows(path, target, progress)
  say('Comparing.')
  await compare(sums, target)

  let last = 0
  let changes = 0
  const catchUp = async () => {
    const changed = log.read(last)
    await applyChanges(changed, target)
    last = changed.last
    changes += changed.size
    return changed.size
  }
  let round = 0
  let isBehind = true
  while (isBehind && round < MAX_ROUNDS) {
    isBehind = (await catchUp()) > FEW
    round += 1
  }

  say('Writes are refused from now on (503 with Retry-After). Reads still work.')
  const paused = performance.now()
  log.freeze()
  await catchUp()
  const rows = await compareCounts(path, target)
  await target.writeSetting(null)
  return { rows, changes, pause: Math.round(performance.now() - paused) }
}

async function copyRows(path: string, target: Target, progress: Progress): Promise<Map<TransferTable, Checksum>> {
  const source = new SqliteSource(path)
  try {
    const counts = await Promise.all(transferTables.map(table => source.count(table)))
    const total = counts.reduce((sum, count) => sum + count, 0)
    let done = 0
    const sums = new Map<TransferTable, Checksum>()
    for (const table of transferTables) {
      const sum = new Checksum()
      sums.set(table, sum)
      for await (const rows of source.read(table, BATCH)) {
        await target.insert(table, rows)
        for (const row of rows) sum.add(row)
        done += rows.length
        progress(done, total)
      }
    }
    return sums
  } finally {
    await source.close()
  }
}

async function compare(sums: Map<TransferTable, Checksum>, target: Target) {
  const written = await target.reread()
  try {
    for (const [table, expected] of sums) {
      if (!(await sumOf(written, table)).equals(expected)) {
        throw new TransferError(`${table.name}: the copy is not the same. Nothing was lost; try again.`)
      }
    }
  } finally {
    await written.close()
  }
}

async function sumOf(source: Source, table: TransferTable): Promise<Checksum> {
  const sum = new Checksum()
  for await (const rows of source.read(table, BATCH)) {
    for (const row of rows) sum.add(row)
  }
  return sum
}

async function compareCounts(path: string, target: Target): Promise<number> {
  const [source, written] = [new SqliteSource(path), await target.reread()]
  try {
    let rows = 0
    for (const table of transferTables) {
      const [expected, found] = [await source.count(table), await written.count(table)]
      if (expected !== found)
        throw new TransferError(`${table.name}: there are ${expected} rows, and ${found} in the copy.`)
      rows += found
    }
    return rows
  } finally {
    await source.close()
    await written.close()
  }
}
