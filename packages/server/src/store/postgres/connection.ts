import postgres, { type Sql } from 'postgres'

/** Integers of 64 bits come as numbers: all that we keep are below 2^53. */
export type Connections = Sql<{ bigint: number }>

export interface PostgresOptions {
  /** `postgres://user:password@host/database`. */
  url: string
  /** Whether to bring an older schema up to date on opening; otherwise it is refused. */
  migrate?: boolean | undefined
  /** Connections that are held at most; 10 unless said. */
  connections?: number | undefined
}

/** Milliseconds that a statement may take, and that it may wait for a lock. */
const STATEMENT_TIMEOUT = 10_000
const LOCK_TIMEOUT = 5_000
/** Seconds that a connection may take to be made. */
const CONNECT_TIMEOUT = 5

/** Opens connections as they are needed; none is made yet. */
export function openConnections({ url, connections = 10 }: PostgresOptions): Connections {
  return postgres(url, {
    max: connections,
    connect_timeout: CONNECT_TIMEOUT,
    idle_timeout: 60,
    onnotice: () => {},
    connection: {
      application_name: 'tenantry',
      statement_timeout: STATEMENT_TIMEOUT,
      lock_timeout: LOCK_TIMEOUT,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT,
    },
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
  })
}
