import { createHash, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { newestVersion } from '../store/migrations/migrations.ts'
import { readRow, writeRow } from './row-text.ts'
import { type Source, type Target, type TransferTable, transferTables } from './tables.ts'

/** The version of the format, see docs/operations/moving.md. */
const FORMAT = 1
const BATCH = 1000

/** An export that cannot be read, or does not fit the database. */
export class TransferError extends Error {
  override name = 'TransferError'
}

/** Called now and then: how many rows are done, of how many. */
export type Progress = (done: number, total: number) => void

const header = z.object({
  tenantry_export: z.literal(FORMAT),
  export_id: z.string(),
  schema: z.int(),
  rows: z.int().nonnegative(),
})
const line = z.object({ table: z.string(), row: z.record(z.string(), z.unknown()) })
const trailer = z.object({ end: z.literal(true), counts: z.record(z.string(), z.int()), sha256: z.string() })

/** The lines of an export, without their ends; all from one moment. */
export async function* exportLines(source: Source, progress: Progress): AsyncIterable<string> {
  const digest = createHash('sha256')
  const counts: Record<string, number> = {}
  for (const table of transferTables) counts[table.name] = await source.count(table)
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const take = (text: string) => {
    digest.update(text).update('\n')
    return text
  }
  yield take(
    JSON.stringify({
      tenantry_export: FORMAT,
      export_id: randomUUID(),
      schema: newestVersion,
      created_at: new Date().toISOString(),
      rows: total,
    }),
  )
  let done = 0
  for (const table of transferTables) {
    for await (const rows of source.read(table, BATCH)) {
      for (const row of rows) yield take(`{"table":"${table.name}","row":${writeRow(row)}}`)
      done += rows.length
      progress(done, total)
    }
  }
  yield JSON.stringify({ end: true, counts, sha256: digest.digest('hex') })
}

/** How far an import has come, as the database remembers it. */
interface ImportState {
  exportId: string
  rows: number
}

/**
 * Reads an export into an empty database. An interrupted import continues when the same export is given
 * again; until it is whole, the database is not served.
 * @returns the rows of each table
 * @throws {TransferError}
 */
export async function importLines(
  lines: AsyncIterable<string>,
  target: Target,
  progress: Progress,
): Promise<Record<string, number>> {
  const digest = createHash('sha256')
  const counts: Record<string, number> = Object.fromEntries(transferTables.map(({ name }) => [name, 0]))
  let batch: { table: TransferTable; rows: ReturnType<typeof readRow>[] } | undefined
  let state: (ImportState & { done: number; total: number }) | undefined
  let ended: z.output<typeof trailer> | undefined

  const flush = async () => {
    if (!batch || !state) return
    const { table, rows } = batch
    batch = undefined
    // What an earlier run has done is read again for the checksum alone.
    const begin = Math.max(0, state.done - state.rows)
    state.rows += rows.length
    if (begin >= rows.length) return
    await target.insert(table, rows.slice(begin), JSON.stringify({ exportId: state.exportId, rows: state.rows }))
    progress(state.rows, state.total)
  }

  let number = 0
  for await (const text of lines) {
    number += 1
    if (text === '') continue
    if (ended) throw new TransferError(`Line ${number} comes after the end of the export.`)
    const value = parse(text, number)
    if (!state) {
      state = { ...(await begin(value, target)), rows: 0 }
    } else if (typeof value === 'object' && value !== null && 'end' in value) {
      await flush()
      ended = check(trailer, value, number)
      continue
    } else {
      const { table: name, row } = check(line, value, number)
      const table = transferTables.find(known => known.name === name)
      if (!table) throw new TransferError(`Line ${number}: there is no table ${name}.`)
      counts[name]! += 1
      if (batch && (batch.table !== table || batch.rows.length === BATCH)) await flush()
      batch ??= { table, rows: [] }
      batch.rows.push(readRow(row))
    }
    digest.update(text).update('\n')
  }
  if (!state || !ended) {
    throw new TransferError(
      'The export is incomplete. What was read is stored: give the complete export, and the import continues from there.',
    )
  }
  await verify({ target, ended, counts, sha256: digest.digest('hex') })
  await target.writeSetting(null)
  return counts
}

async function begin(value: unknown, target: Target) {
  const { export_id: exportId, schema, rows: total } = check(header, value, 1)
  if (schema !== newestVersion) {
    throw new TransferError(
      `The export has schema version ${schema}, and this program has ${newestVersion}. Import it with the program that wrote it, then run \`tenantry migrate\`.`,
    )
  }
  const setting = await target.readSetting()
  if (setting === undefined) {
    if (!(await target.isEmpty())) throw new TransferError('The database is not empty. Nothing was changed.')
    await target.writeSetting(JSON.stringify({ exportId, rows: 0 }))
    return { exportId, done: 0, total }
  }
  const before = JSON.parse(setting) as Partial<ImportState>
  if (before.exportId !== exportId) {
    throw new TransferError(
      'The database holds a part of another export. Give that one again, or an empty database. Nothing was changed.',
    )
  }
  return { exportId, done: before.rows ?? 0, total }
}

async function verify(given: {
  target: Target
  ended: z.output<typeof trailer>
  counts: Record<string, number>
  sha256: string
}) {
  const { target, ended, counts, sha256 } = given
  if (ended.sha256 !== sha256) {
    throw new TransferError(
      'The checksum is wrong: the export was changed or damaged. Start again with an empty database.',
    )
  }
  const written = await target.reread()
  try {
    for (const table of transferTables) {
      const found = await written.count(table)
      if (found !== counts[table.name] || found !== ended.counts[table.name]) {
        throw new TransferError(
          `${table.name}: ${ended.counts[table.name]} rows were exported, ${found} are there now.`,
        )
      }
    }
  } finally {
    await written.close()
  }
}

function parse(text: string, number: number): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new TransferError(`Line ${number} is no JSON. Is this an export of Tenantry?`)
  }
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown, number: number): z.output<Schema> {
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  throw new TransferError(`Line ${number} is not what an export of version ${FORMAT} holds there.`)
}
