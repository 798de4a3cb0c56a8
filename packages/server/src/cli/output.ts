import { styleText } from 'node:util'
import stringWidth from 'string-width'

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

/** Prints one thing: a line of JSON, or a line for each of its facts. */
export function printFacts(options: { json?: boolean }, facts: object) {
  if (options.json) {
    console.log(JSON.stringify(facts))
    return
  }
  const width = Math.max(...Object.keys(facts).map(name => name.length))
  for (const [name, value] of Object.entries(facts)) console.log(`${name.padEnd(width)}${GAP}${formatFact(value)}`)
}

function formatFact(value: unknown): string {
  if (Array.isArray(value) && value.some(each => typeof each === 'object')) return JSON.stringify(value)
  return formatCell(value as Row[string])
}

const GAP = '  '
const NARROWEST = 8

function formatTable(rows: readonly Row[]): string {
  const names = Object.keys(rows[0]!)
  const lines = [names, ...rows.map(row => names.map(name => formatCell(row[name])))]
  const widths = fit(
    names.map((_, column) => Math.max(...lines.map(line => stringWidth(line[column]!)))),
    process.stdout.isTTY ? process.stdout.columns : undefined,
  )
  const [head, ...body] = lines.map(line =>
    line
      .map((cell, column) => pad(cell, widths[column]!))
      .join(GAP)
      .trimEnd(),
  )
  return [styleText('bold', head!, { stream: process.stdout }), ...body].join('\n')
}

/** Shortens the widest columns until the table fits the terminal. */
function fit(widths: number[], columns: number | undefined): number[] {
  const fitting = [...widths]
  const total = () => fitting.reduce((sum, width) => sum + width, GAP.length * (fitting.length - 1))
  while (columns !== undefined && total() > columns) {
    const widest = fitting.indexOf(Math.max(...fitting))
    if (fitting[widest]! <= NARROWEST) break
    fitting[widest]! -= 1
  }
  return fitting
}

/** To a width in columns of the terminal: many characters of Asian scripts take two. */
function pad(text: string, width: number): string {
  let shown = text
  if (stringWidth(shown) > width) {
    while (stringWidth(shown) > width - 1) shown = [...shown].slice(0, -1).join('')
    shown += '…'
  }
  return shown + ' '.repeat(Math.max(0, width - stringWidth(shown)))
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
