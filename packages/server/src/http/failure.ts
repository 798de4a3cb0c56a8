import { Contended, OutcomeUnknown, StoreUnavailable } from '../store/store.ts'
import type { CommonError } from './common-error.ts'
import { TooBusy } from './errors.ts'

const RETRY = { 'Retry-After': '2' }

/** What went wrong here: the answer, and the message of the log line. */
export function describeFailure(error: Error, requestId: string): { answer: CommonError; message: string } {
  if (error instanceof OutcomeUnknown) {
    const description =
      'The connection to the database was lost during the commit, so the outcome is unknown. It is safe to try again.'
    return {
      answer: { kind: 'outcome_unknown', status: 503, description, headers: RETRY },
      message: 'connection lost during a commit',
    }
  }
  if (error instanceof Contended) {
    const description = 'Other requests are changing the same at the moment. Nothing was changed. Try again.'
    return { answer: { kind: 'unavailable', status: 503, description, headers: RETRY }, message: 'write conflicts' }
  }
  if (error instanceof StoreUnavailable) {
    const description = 'The database is not available. Try again.'
    return { answer: { kind: 'unavailable', status: 503, description, headers: RETRY }, message: 'store unavailable' }
  }
  if (error instanceof TooBusy) {
    const description = 'The server is overloaded. Try again.'
    return { answer: { kind: 'unavailable', status: 503, description, headers: RETRY }, message: 'overloaded' }
  }
  const description = `Internal error ${requestId}.`
  return { answer: { kind: 'internal', status: 500, description, headers: {} }, message: 'request failed' }
}
