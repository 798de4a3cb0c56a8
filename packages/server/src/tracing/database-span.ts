import { inSpan } from './spans.ts'

/** A statement, inside a span of what asked for it. Its text has no values in it. */
export function inQuerySpan<Result>(system: 'sqlite' | 'postgresql', sql: string, work: () => Result): Result {
  return inSpan(
    () => summarize(sql),
    () => ({ 'db.system.name': system, 'db.query.text': sql, 'db.query.summary': summarize(sql) }),
    work,
  )
}

/** A commit, inside a span of what decided it. */
export function inCommitSpan<Result>(
  system: 'sqlite' | 'postgresql',
  statements: readonly { sql: string }[],
  work: () => Result,
): Result {
  return inSpan(
    () => 'commit',
    () => ({
      'db.system.name': system,
      'db.operation.batch.size': statements.length,
      'db.query.summary': statements.map(({ sql }) => summarize(sql)).join('; '),
    }),
    work,
  )
}

/** The verb and the first table: `select access_tokens`. */
function summarize(sql: string): string {
  const verb = /^\s*(\w+)/.exec(sql)?.[1]?.toLowerCase() ?? 'sql'
  const table = /\b(?:from|into|update)\s+"?(\w+)"?/i.exec(sql)?.[1]
  return table === undefined ? verb : `${verb} ${table}`
}
