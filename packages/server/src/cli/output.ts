/** Prints what a command gives back: JSON for scripts, words for people. */
export function print(options: { json?: boolean }, data: unknown, words: string) {
  console.log(options.json ? JSON.stringify(data) : words)
}

export type Row = Record<string, string | number | boolean | null | readonly (string | number)[]>

/** Prints a list: one JSON array, or a table with a line each. */
export function printRows(options: { json?: boolean }, rows: readonly Row[], none: string) {
  if (options.json) console.log(JSON.stringify(rows))
  else console.log(rows.length === 0 ? none : formatTable(rows))
}

function formatTable(rows: readonly Row[]): string {
  const names = Object.keys(rows[0]!)
  const lines = [names, ...rows.map(row => names.map(name => formatCell(row[name])))]
  const widths = names.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  return lines
    .map(line =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function formatCell(value: Row[string] | undefined): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return Array.isArray(value) ? value.join(' ') : String(value)
}

/** ISO 8601 in UTC, or null. */
export function formatMoment(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString()
}
