import { bigint, index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'

const fields = {
  accountId: text('account_id').notNull(),
  status: text('status').notNull(),
  notice: text('notice'),
  identity: text('identity').notNull(),
  scope: text('scope'),
  apiDomain: text('api_domain'),
  tokens: text('tokens'),
  tokensExpireAt: bigint('tokens_expire_at', { mode: 'number' }),
  installedAt: bigint('installed_at', { mode: 'number' }).notNull(),
  updatedAt: bigint('updated_at', { mode: 'number' }).notNull(),
  version: bigint('version', { mode: 'number' }).notNull(),
}

/** The kit's tables on PostgreSQL, for your Drizzle schema. */
export const connectLinks = pgTable(
  'connect_links',
  {
    provider: text('provider').notNull(),
    companyId: bigint('company_id', { mode: 'number' }).notNull(),
    userId: bigint('user_id', { mode: 'number' }).notNull(),
    ...fields,
  },
  table => [
    primaryKey({ columns: [table.provider, table.companyId, table.userId] }),
    index('connect_links_of_account').on(table.provider, table.accountId),
  ],
)

/** Only for providers whose ids are texts. */
export const connectTextLinks = pgTable(
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

export const connectLeases = pgTable('connect_leases', {
  name: text('name').primaryKey(),
  holder: text('holder').notNull(),
  expiresAt: bigint('expires_at', { mode: 'number' }).notNull(),
})
