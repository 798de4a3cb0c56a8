import { join } from 'node:path'
import type { TenantryOptions } from 'tenantry'
import { isCitus } from './postgres.ts'
import { makePreparedSchema, makeSchema } from './postgres-schema.ts'
import { onPostgres } from './provider.ts'
import { temporaryFolder } from './sandbox-process.ts'

/** A database that several servers and commands can open, on the engine that this run is about. */
export interface TestDatabase {
  store: TenantryOptions['store']
  /** What names it on a command line. */
  flags: string[]
  /** The same as variables. */
  environment: Record<string, string>
  remove(): Promise<void>
}

export async function makeTestDatabase(): Promise<TestDatabase> {
  if (onPostgres) {
    const { url, remove } = await (isCitus ? makePreparedSchema() : makeSchema())
    return {
      store: { url, connections: 4 },
      flags: ['--database', url],
      environment: { TENANTRY_DATABASE_URL: url },
      remove,
    }
  }
  const folder = temporaryFolder()
  return {
    store: { path: join(folder.path, 'tenantry.db') },
    flags: ['--data', folder.path],
    environment: { TENANTRY_DATA: folder.path },
    remove: async () => folder.remove(),
  }
}
