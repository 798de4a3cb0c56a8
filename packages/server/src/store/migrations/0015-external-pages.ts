import type { Migration } from './migration.ts'

/** Sign-in and consent on the platform's own pages: what it answered, until the person has come back. */
export const externalPages: Migration = {
  version: 15,
  name: 'external pages',
  statements: ({ integer }) => [
    `CREATE TABLE challenge_answers (
      challenge_id TEXT NOT NULL PRIMARY KEY,
      challenge TEXT NOT NULL,
      answer TEXT NOT NULL,
      used_at ${integer},
      expires_at ${integer} NOT NULL
    )`,
    'CREATE INDEX challenge_answers_expiry ON challenge_answers (expires_at)',
    `ALTER TABLE sessions ADD COLUMN authenticated_at ${integer}`,
    'ALTER TABLE sessions ADD COLUMN methods TEXT',
    'ALTER TABLE sessions ADD COLUMN limits TEXT',
  ],
  worksWith: 11,
}
