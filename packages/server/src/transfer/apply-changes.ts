import { TransferError } from './export-stream.ts'
import { writeRow } from './row-text.ts'
import type { Changes } from './sqlite-changes.ts'
import { ownSettings, type Target, type TransferTable, transferTables } from './tables.ts'

/** Rows that are written together. */
const BATCH = 1000

/** Deletions first, referencing tables before referenced ones; then insertions in the opposite order. */
export async function applyChanges({ byTable }: Changes, target: Target) {
  for (const table of transferTables.toReversed()) {
    const gone = entriesOf(byTable, table).filter(({ row }) => row === undefined)
    if (gone.length > 0)
      await target.remove(
        table,
        gone.map(({ key }) => key),
      )
  }
  for (const table of transferTables) {
    const there = entriesOf(byTable, table).filter(({ row }) => row !== undefined)
    for (let at = 0; at < there.length; at += BATCH) {
      await upsertAndCompare(
        table,
        there.slice(at, at + BATCH).map(({ row }) => row!),
        target,
      )
    }
  }
}

/** The setting of a running copy belongs to the copy. */
function entriesOf(byTable: Changes['byTable'], table: TransferTable) {
  return (byTable.get(table) ?? []).filter(({ key }) => !ownSettings.includes(String(key.name)))
}

async function upsertAndCompare(
  table: TransferTable,
  rows: NonNullable<ReturnType<typeof entriesOf>[number]['row']>[],
  target: Target,
) {
  await target.upsert(table, rows)
  const expected = new Set(rows.map(writeRow))
  const found = await target.find(table, rows)
  if (found.length !== rows.length || found.some(row => !expected.has(writeRow(row)))) {
    throw new TransferError(`${table.name}: a changed row is not the same in the copy. Nothing was lost; try again.`)
  }
}
