import type { ColumnDataType, Kysely } from 'kysely'

/** The kit's tables as a Kysely migration, for PostgreSQL and SQLite. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createLinks(db, 'connect_links', 'bigint')
  await db.schema
    .createTable('connect_leases')
    .addColumn('name', 'text', column => column.primaryKey().notNull())
    .addColumn('holder', 'text', column => column.notNull())
    .addColumn('expires_at', 'bigint', column => column.notNull())
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('connect_leases').execute()
  await db.schema.dropTable('connect_links').execute()
}

/** A migration of its own, only for providers whose ids are texts. */
export const textIds = {
  up: (db: Kysely<unknown>): Promise<void> => createLinks(db, 'connect_text_links', 'text'),
  down: (db: Kysely<unknown>): Promise<void> => db.schema.dropTable('connect_text_links').execute(),
}

async function createLinks(db: Kysely<unknown>, name: string, ids: ColumnDataType): Promise<void> {
  await db.schema
    .createTable(name)
    .addColumn('provider', 'text', column => column.notNull())
    .addColumn('company_id', ids, column => column.notNull())
    .addColumn('user_id', ids, column => column.notNull())
    .addColumn('account_id', 'text', column => column.notNull())
    .addColumn('status', 'text', column => column.notNull())
    .addColumn('notice', 'text')
    .addColumn('identity', 'text', column => column.notNull())
    .addColumn('scope', 'text')
    .addColumn('api_domain', 'text')
    .addColumn('tokens', 'text')
    .addColumn('tokens_expire_at', 'bigint')
    .addColumn('installed_at', 'bigint', column => column.notNull())
    .addColumn('updated_at', 'bigint', column => column.notNull())
    .addColumn('version', 'bigint', column => column.notNull())
    .addPrimaryKeyConstraint(`${name}_pkey`, ['provider', 'company_id', 'user_id'])
    .execute()
  await db.schema.createIndex(`${name}_of_account`).on(name).columns(['provider', 'account_id']).execute()
}
