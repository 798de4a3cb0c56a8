import type { Kysely } from 'kysely'

/** The kit's tables as a Kysely migration, for PostgreSQL and SQLite. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('connect_links')
    .addColumn('provider', 'text', column => column.notNull())
    .addColumn('company_id', 'bigint', column => column.notNull())
    .addColumn('user_id', 'bigint', column => column.notNull())
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
    .addPrimaryKeyConstraint('connect_links_pkey', ['provider', 'company_id', 'user_id'])
    .execute()
  await db.schema
    .createIndex('connect_links_of_account')
    .on('connect_links')
    .columns(['provider', 'account_id'])
    .execute()
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
