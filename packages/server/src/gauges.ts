import type { Runtime } from './config/runtime.ts'
import { hashingQueue } from './sign-in/password.ts'
import { countUndelivered } from './store/queries/uninstall-callbacks.ts'

/** Adds what is read only when metrics are asked for. */
export function addGauges({ metrics, store }: Runtime) {
  metrics.add({
    name: 'tenantry_hashing_queue',
    help: 'Passwords that are being hashed or wait for it.',
    label: 'state',
    across: 'sum',
    read: () => hashingQueue.length,
  })
  metrics.add({
    name: 'tenantry_uninstall_callbacks',
    help: 'Uninstall callbacks that were not delivered yet, or were given up; counted up to 10000.',
    label: 'state',
    across: 'max',
    read: () => countUndelivered(store),
  })
  metrics.add({
    name: 'tenantry_database_bytes',
    help: 'Size of the database, and of what was committed and is not in its file yet (SQLite).',
    label: 'part',
    across: 'max',
    async read() {
      const { databaseBytes, walBytes } = await store.stats()
      return { database: databaseBytes, ...(walBytes !== undefined && { wal: walBytes }) }
    },
  })
  metrics.add({
    name: 'tenantry_database_connections',
    help: 'Connections to PostgreSQL, and statements that wait for one.',
    label: 'state',
    across: 'sum',
    read: async () => (await store.stats()).connections ?? {},
  })
  metrics.add({
    name: 'tenantry_bearer_lookups_total',
    type: 'counter',
    help: 'Look-ups of access tokens since the start: answered by the cache, or not.',
    label: 'cache',
    across: 'sum',
    read: async () => (await store.stats()).bearerLookups ?? {},
  })
}
