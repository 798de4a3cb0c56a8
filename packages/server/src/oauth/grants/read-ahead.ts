import type { Runtime } from '../../config/runtime.ts'
import { isBlockedApp } from '../../store/blocked-apps.ts'
import { type RefreshReading, readForRefresh } from '../../store/queries/refresh-reading.ts'
import { hashSecret, parseToken } from '../../tokens/token-text.ts'

/**
 * Reads a refresh token with its app and the person, before it is known that the client is who it says: for the first decision only.
 * @returns undefined where anything is missing or inactive, so that what is wrong is found one by one
 */
export async function readAhead({ store }: Runtime, presented: string): Promise<RefreshReading | undefined> {
  // On SQLite a read is no way to another machine, and three by keys take less time than one that joins.
  if (store.engine === 'sqlite') return undefined
  const parsed = parseToken(presented)
  if (parsed?.kind !== 'rt') return undefined
  const read = await readForRefresh(store, parsed.companyId, hashSecret(presented))
  if (!read) return undefined
  const { company_blocked_apps: apps, company_blocked_hosts: hosts } = read.membership
  return isBlockedApp(apps, hosts, read.app.client_id) ? undefined : read
}
