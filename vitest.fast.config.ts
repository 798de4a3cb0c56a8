import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** For daily work: on the embedded database, in this process, beside the code. `npm test` is everything. */
export default defineConfig({
  resolve: { conditions: ['@tenantry/source'] },
  ssr: { resolve: { conditions: ['@tenantry/source'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tests/{layers,words,docs,races,decided-in-the-commit,mount}.test.ts'],
    exclude: [
      '**/node_modules/**',
      // They start processes or other servers.
      'packages/*/src/cli/**',
      'packages/server/src/store/postgres/**',
      'packages/connect/src/store/stores.test.ts',
    ],
    reporters: ['default', './tests/support/closing-line-reporter.ts'],
    pool: 'forks',
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
  },
})
