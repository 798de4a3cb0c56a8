import type { Migration } from './migration.ts'

/** The tables whose changes are logged, and what names a row of each. */
const LOGGED: Readonly<Record<string, readonly string[]>> = {
  access_tokens: ['company_id', 'token_hash'],
  memberships: ['company_id', 'user_id'],
  companies: ['company_id'],
  apps: ['client_id'],
}

/** The tables whose changes are logged. */
export const LOGGED_TABLES: readonly string[] = Object.keys(LOGGED)

/**
 * On PostgreSQL, the log of everything that the answer of a bearer check depends on. Rows are found by the transaction that
 * wrote them: a number given out in advance would be passed over by readers if its transaction commits late. Not on tables
 * that lie on the machines of a Citus cluster, whose snapshots are each machine's own.
 */
export const bearerChangesOnPostgres: Migration = {
  version: 18,
  name: 'bearer changes on PostgreSQL',
  statements: ({ name }) =>
    name === 'postgres' ? [createLog, createIndex, ...Object.entries(LOGGED).map(createFunction), createTriggers] : [],
  worksWith: 11,
}

const createLog = `CREATE TABLE bearer_changes (
  xid XID8 NOT NULL DEFAULT pg_current_xact_id(),
  company_id BIGINT,
  user_id BIGINT,
  token_hash BYTEA,
  client_id TEXT
)`

const createIndex = 'CREATE INDEX bearer_changes_by_xid ON bearer_changes (xid)'

/**
 * A session that changes a row may have another search path than ours: then the log's schema, which is the table's, is named in
 * a statement that is made for it.
 */
function createFunction([table, columns]: [string, readonly string[]]): string {
  const names = columns.join(', ')
  const values = columns.map(column => `old.${column}`).join(', ')
  const places = columns.map((_, index) => `$${index + 1}`).join(', ')
  return `CREATE FUNCTION log_bearer_change_of_${table}() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    EXECUTE format('INSERT INTO %I.bearer_changes DEFAULT VALUES', TG_TABLE_SCHEMA);
  ELSIF TG_TABLE_SCHEMA = current_schema() THEN
    INSERT INTO bearer_changes (${names}) VALUES (${values});
  ELSE
    EXECUTE format('INSERT INTO %I.bearer_changes (${names}) VALUES (${places})', TG_TABLE_SCHEMA) USING ${values};
  END IF;
  RETURN NULL;
END
$function$`
}

const createTriggers = `DO $do$
DECLARE
  is_distributed boolean := false;
  logged text;
BEGIN
  IF to_regclass('pg_dist_partition') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = ''access_tokens''::regclass)' INTO is_distributed;
  END IF;
  IF is_distributed THEN
    RETURN;
  END IF;
  FOREACH logged IN ARRAY ARRAY['${LOGGED_TABLES.join("', '")}'] LOOP
    EXECUTE format('CREATE TRIGGER log_bearer_change AFTER UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION %I()', logged, 'log_bearer_change_of_' || logged);
    EXECUTE format('CREATE TRIGGER log_bearer_truncation AFTER TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION %I()', logged, 'log_bearer_change_of_' || logged);
  END LOOP;
END
$do$`
