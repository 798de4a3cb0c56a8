/** A PostgreSQL database, 15 or newer. In a file of its own, so that the library's types do not need the driver's. */
export interface PostgresOptions {
  /**
   * `postgres://user:password@host/database`. With `?pgbouncer=true` it goes through a PgBouncer in transaction mode:
   * no prepared statements and no session settings; set `statement_timeout` for the role then.
   */
  url: string
  /** Whether to bring an older schema up to date on opening; otherwise it is refused. */
  migrate?: boolean | undefined
  /** Connections that are held at most; 10 unless said. */
  connections?: number | undefined
}
