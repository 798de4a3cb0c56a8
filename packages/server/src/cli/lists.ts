import { type Command, InvalidArgumentError } from 'commander'
import type { AdministrationOptions } from './administration.ts'
import { printRows, type Row } from './output.ts'

/** Rows of a page when nothing else is said. */
const PAGE = 1000

export interface ListOptions extends AdministrationOptions {
  limit: number
  page: number
}

/** A command that prints a list, page by page. */
export function listing(command: Command): Command {
  return command
    .option('--limit <number>', 'rows of a page', parseCount, PAGE)
    .option('--page <number>', 'which page', parseCount, 1)
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!/^[1-9]\d*$/.test(text) || count > 1_000_000) throw new InvalidArgumentError('It must be a number from 1.')
  return count
}

/** One more than is shown: then it is known whether there are more. */
export function pageOf({ limit, page }: ListOptions): { limit: number; offset: number } {
  return { limit: limit + 1, offset: (page - 1) * limit }
}

/** @param more rows that belong to no page, and follow the last one of the first page */
export function printPage(options: ListOptions, rows: readonly Row[], none: string, more: readonly Row[] = []) {
  const { limit, page } = options
  printRows(options, [...rows.slice(0, limit), ...more], page === 1 ? none : 'There is nothing on this page.')
  if (rows.length > limit) console.error(`There are more: give --page ${page + 1}.`)
}
