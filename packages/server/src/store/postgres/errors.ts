import { ConstraintViolation, StoreUnavailable, WriteConflict } from '../store.ts'

/** SQLSTATE classes (PostgreSQL's appendix A) after which nothing was changed and trying again may help. */
const UNAVAILABLE = /^(08|53|57|58|25006|55P03)/
/** Another transaction was first: serialization failure, deadlock. */
const CONFLICT = new Set(['40001', '40P01'])

/** What an error of the driver means to the rooms above. */
export function explainError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const code = (error as { code?: string }).code ?? ''
  if (CONFLICT.has(code)) return new WriteConflict(error.message)
  if (code.startsWith('23')) return new ConstraintViolation(constraintKind(code), error.message)
  // The driver's own codes and the system's are words: CONNECTION_CLOSED, ECONNREFUSED.
  if (UNAVAILABLE.test(code) || /^(E[A-Z]+|CONNECT(ION)?_[A-Z_]+)$/.test(code)) {
    return new StoreUnavailable(error.message, { cause: error })
  }
  return error
}

function constraintKind(code: string): 'unique' | 'foreign_key' | 'other' {
  if (code === '23505') return 'unique'
  return code === '23503' ? 'foreign_key' : 'other'
}
