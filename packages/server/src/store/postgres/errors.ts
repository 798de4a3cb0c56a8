import { ConstraintViolation, NotReady, OutcomeUnknown, StoreUnavailable } from '../store.ts'

/** The connection broke, or could not be made: what it carried may be tried on another. */
export class ConnectionLost extends StoreUnavailable {
  override name = 'ConnectionLost'
}

/** Another transaction interfered and this one was rolled back. The connection is fine. */
export class Interfered extends StoreUnavailable {
  override name = 'Interfered'
}

/** The address leads to a standby, whose data are behind; after a failover it leads to the new primary before long. */
export class StandbyServer extends NotReady {
  override name = 'StandbyServer'
  constructor() {
    super('standby', 'this PostgreSQL server is a standby: tokens are answered for by the primary only')
  }
}

/** SQLSTATE classes and codes (PostgreSQL's appendix A) that end or refuse a connection: shut down, starting, too many. */
const LOST = /^(08|53300|57P0)/
/**
 * Those after which nothing was changed and trying again later may help: no resources, cancelled, read-only, locked; and
 * what an operator can fix: refused log-ins, a database that is renamed or missing, revoked rights.
 */
const UNAVAILABLE = /^(53|57|58|25006|25P0[34]|55P03|28|3D000|55000|42501)/
/** A prepared statement whose columns a migration has changed: nothing was done, and a new connection prepares it again. */
const CHANGED_PLAN = /^cached plan must not change result type/
/** The system's own codes are words: ECONNREFUSED. */
const NO_CONNECTION = /^E[A-Z]+$/
/** The driver's own errors have no code. */
const BROKEN = /^(Connection terminated|Client has encountered a connection error|Client was closed)/
const NONE_FREE = /^timeout exceeded when trying to connect/
/** Citus: a worker failed while it committed its part (XX000, without a more specific code). */
const HALF_COMMITTED = /could not commit transaction|failed to commit|commit prepared/i
/** Serialization failure, deadlock: nothing was done, and the same may be tried again. */
const INTERFERED = new Set(['40001', '40P01'])

/** What an error of the driver means to the layers above. */
export function explainError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if (error instanceof StoreUnavailable) return error
  const code = (error as { code?: string }).code ?? ''
  if (code === 'XX000' && HALF_COMMITTED.test(error.message)) return new OutcomeUnknown(error.message, { cause: error })
  if (INTERFERED.has(code)) return new Interfered(error.message, { cause: error })
  if (code.startsWith('23')) return new ConstraintViolation(constraintKind(code), error.message)
  const isOutdated = code === '0A000' && CHANGED_PLAN.test(error.message)
  if (isOutdated || LOST.test(code) || NO_CONNECTION.test(code) || BROKEN.test(error.message)) {
    return new ConnectionLost(error.message, { cause: error })
  }
  if (UNAVAILABLE.test(code) || NONE_FREE.test(error.message)) {
    return new StoreUnavailable(error.message, { cause: error })
  }
  return error
}

function constraintKind(code: string): 'unique' | 'foreign_key' | 'other' {
  if (code === '23505') return 'unique'
  return code === '23503' ? 'foreign_key' : 'other'
}
