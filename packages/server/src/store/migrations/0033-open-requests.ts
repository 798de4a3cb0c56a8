import type { Migration } from './migration.ts'

/** Requests that wait, in the order in which they were made. */
export const openRequests: Migration = {
  version: 33,
  name: 'open requests',
  statements: () => [
    `CREATE INDEX app_requests_open ON app_requests (company_id, requested_at)
      WHERE decision IS NULL`,
  ],
  worksWith: 11,
}
