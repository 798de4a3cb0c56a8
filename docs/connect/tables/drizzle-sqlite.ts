import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** The kit's tables on SQLite, for your Drizzle schema. */
export const connectLinks = sqliteTable(
  'connect_links',
  {
    provider: text('provider').notNull(),
    companyId: integer('company_id').notNull(),
    userId: integer('user_id').notNull(),
    accountId: text('account_id').notNull(),
    status: text('status').notNull(),
    notice: text('notice'),
    identity: text('identity').notNull(),
    scope: text('scope'),
    apiDomain: text('api_domain'),
    tokens: text('tokens'),
    tokensExpireAt: integer('tokens_expire_at'),
    installedAt: integer('installed_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    version: integer('version').notNull(),
  },
  table => [
    primaryKey({ columns: [table.provider, table.companyId, table.userId] }),
    index('connect_links_of_account').on(table.provider, table.accountId),
  ],
)

export const connectLeases = sqliteTable('connect_leases', {
  name: text('name').primaryKey(),
  holder: text('holder').notNull(),
  expiresAt: integer('expires_at').notNull(),
})
