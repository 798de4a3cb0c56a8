import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

const fields = {
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
}

/** The kit's tables on SQLite, for your Drizzle schema. */
export const connectLinks = sqliteTable(
  'connect_links',
  {
    provider: text('provider').notNull(),
    companyId: integer('company_id').notNull(),
    userId: integer('user_id').notNull(),
    ...fields,
  },
  table => [
    primaryKey({ columns: [table.provider, table.companyId, table.userId] }),
    index('connect_links_of_account').on(table.provider, table.accountId),
  ],
)

/** Only for providers whose ids are texts. */
export const connectTextLinks = sqliteTable(
  'connect_text_links',
  {
    provider: text('provider').notNull(),
    companyId: text('company_id').notNull(),
    userId: text('user_id').notNull(),
    ...fields,
  },
  table => [
    primaryKey({ columns: [table.provider, table.companyId, table.userId] }),
    index('connect_text_links_of_account').on(table.provider, table.accountId),
  ],
)

export const connectLeases = sqliteTable('connect_leases', {
  name: text('name').primaryKey(),
  holder: text('holder').notNull(),
  expiresAt: integer('expires_at').notNull(),
})
