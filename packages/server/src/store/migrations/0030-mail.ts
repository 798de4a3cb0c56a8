import type { Migration } from './migration.ts'

/** Mails that are to be sent, links that were sent in mails, and invitations to companies. */
export const mail: Migration = {
  version: 30,
  name: 'mail',
  statements: ({ integer, blob, withoutRowid }) => [
    `CREATE TABLE outbox (
      mail_id TEXT PRIMARY KEY,
      sealed TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL,
      attempts ${integer} NOT NULL,
      next_attempt_at ${integer}
    )`,
    'CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE next_attempt_at IS NOT NULL',
    'CREATE INDEX outbox_expiry ON outbox (expires_at)',
    `CREATE TABLE account_links (
      user_id ${integer} NOT NULL,
      link_hash ${blob} NOT NULL,
      purpose TEXT NOT NULL,
      email TEXT,
      created_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL,
      PRIMARY KEY (user_id, link_hash),
      FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
    )${withoutRowid}`,
    'CREATE INDEX account_links_expiry ON account_links (expires_at)',
    `CREATE TABLE invitations (
      company_id ${integer} NOT NULL,
      invitation_id TEXT NOT NULL,
      email TEXT NOT NULL,
      is_admin ${integer} NOT NULL,
      invited_by ${integer} NOT NULL,
      link_hash ${blob},
      created_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL,
      PRIMARY KEY (company_id, invitation_id),
      FOREIGN KEY (company_id) REFERENCES companies (company_id) ON DELETE CASCADE
    )${withoutRowid}`,
    'CREATE INDEX invitations_expiry ON invitations (expires_at)',
  ],
  worksWith: 11,
}
