import { createHash } from 'node:crypto'
import type { Precondition } from '../companies/input.ts'
import type { AdminContext } from './environment.ts'
import { AdminProblem } from './problem.ts'

/** The version of what is shown of a row (RFC 9110 section 8.8.3). */
export function etagOf(representation: object): string {
  return `"${createHash('sha256').update(JSON.stringify(representation)).digest('base64url').slice(0, 22)}"`
}

/**
 * What `If-Match` and `If-None-Match: *` of a request ask for, to be held against the row that a write replaces.
 * @throws {AdminProblem} 412 from the precondition
 */
export function preconditionOf<Row>(c: AdminContext, represent: (row: Row) => object): Precondition<Row> {
  const ifMatch = c.req.header('If-Match')
  const ifNoneMatch = c.req.header('If-None-Match')
  return before => {
    if (ifNoneMatch !== undefined && before !== undefined && matches(ifNoneMatch, etagOf(represent(before)))) {
      throw failed('It exists already; the request asked for it not to.')
    }
    if (ifMatch === undefined) return
    if (before === undefined) throw failed('It does not exist; the request asked for a version of it.')
    if (!matches(ifMatch, etagOf(represent(before)))) {
      throw failed('It was changed since it was read. Read it again and decide again.')
    }
  }
}

function matches(header: string, etag: string): boolean {
  return header
    .split(',')
    .map(each => each.trim().replace(/^W\//, ''))
    .some(each => each === '*' || each === etag)
}

function failed(detail: string): AdminProblem {
  return new AdminProblem(412, 'precondition_failed', detail)
}
