import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** Errors that can happen to any request, whichever route it is for. */
export type CommonErrorKind =
  | 'not_found'
  | 'body_too_large'
  | 'too_many_parameters'
  | 'too_many_requests'
  | 'unavailable'
  | 'outcome_unknown'
  | 'internal'

export interface CommonError {
  kind: CommonErrorKind
  status: ContentfulStatusCode
  /** For developers, in English. */
  description: string
  headers: Record<string, string>
}
