import { sqlStore } from './sql-store.ts'
import type { LinkStore } from './store.ts'

/** What a Prisma client has, as far as the store needs it. */
export interface PrismaRawClient {
  $queryRawUnsafe<T = unknown>(query: string, ...values: unknown[]): PromiseLike<T>
}

/**
 * Keeps links by the app's own Prisma client; make the tables from the models in the guide.
 * @example
 * ```ts
 * import { prismaStore } from '@tenantry/connect/prisma'
 * const store = prismaStore(prisma, { dialect: 'postgres' })
 * ```
 */
export function prismaStore(prisma: PrismaRawClient, options: { dialect: 'sqlite' | 'postgres' }): LinkStore {
  return sqlStore({
    dialect: options.dialect,
    // Prisma sends numbers as 32-bit integers or as floats, bigints as 64-bit integers.
    query: async (text, values) =>
      prisma.$queryRawUnsafe(text, ...values.map(value => (typeof value === 'number' ? BigInt(value) : value))),
  })
}
