import type { MaybePromise } from '../store/maybe-promise.ts'

/** A request for a hot route. */
export interface HotRequest {
  /** Without its query. */
  path: string
  authorization: string | undefined
  /** The trace that it belongs to (W3C Trace Context). */
  traceparent: string | undefined
  /**
   * Whether its first byte had arrived when this turn of the event loop asked for what has arrived. All such requests of
   * one turn may be answered from one state of the database.
   */
  beganBeforeTurn?: boolean
}

export interface HotResponse {
  status: number
  /** All headers but `X-Request-Id`, `Content-Length`, `Date` and `Connection`. */
  headers: Readonly<Record<string, string | readonly string[]>>
  requestId: string
  body: ResponseBody
}

/**
 * A `GET` route that is called far more often than all others. A server may answer it from what it has of a request,
 * without creating a `Request` and a `Response`.
 */
export interface HotRoute {
  readonly paths: ReadonlySet<string>
  /** @returns undefined for a request that only the full route can answer; later responses never fail */
  respond(request: HotRequest): MaybePromise<HotResponse> | undefined
}

/** A text with what sending it needs. */
export class ResponseBody {
  readonly text: string
  /** In bytes of UTF-8. */
  readonly length: number

  constructor(text: string) {
    this.text = text
    this.length = Buffer.byteLength(text)
  }

  /** Whether each of its characters is one byte. */
  get isAscii(): boolean {
    return this.length === this.text.length
  }
}

/** A request for a direct route: whole, in printable ASCII. */
export interface DirectRequest {
  method: DirectRoute['method']
  /** Without its query. */
  path: string
  /** As it was sent, without the question mark; empty where there is none. */
  query: string
  body: string
  /** By their names in small letters; none was sent twice. */
  fields: ReadonlyMap<string, string>
  /** Whom it came from. */
  socket: { remoteAddress?: string | undefined }
}

/**
 * A route that a server may answer without a `Request` and a `Response`, as a {@link HotRoute}; but it takes its turn with other slow
 * requests.
 */
export interface DirectRoute {
  readonly method: 'GET' | 'POST'
  readonly paths: ReadonlySet<string>
  /** Never fails. */
  respond(request: DirectRequest): Promise<HotResponse>
}
