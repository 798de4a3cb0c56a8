import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const ONLY_POSTGRES = ['packages/server/src/store/postgres/*.test.ts', 'packages/server/src/cli/database.test.ts']

export default defineConfig({
  resolve: { conditions: ['@tenantry/source'] },
  ssr: { resolve: { conditions: ['@tenantry/source'] } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['packages/*/src/**/*.test.ts', 'tests/**/*.test.ts'],
          exclude: [...ONLY_POSTGRES, '**/node_modules/**'],
        },
      },
      {
        // What does not depend on files, once more on PostgreSQL.
        extends: true,
        test: {
          name: 'on PostgreSQL',
          include: [
            ...['oauth', 'users-me', 'tokens', 'sign-in', 'apps', 'http', 'config', 'sandbox', 'store/queries'].map(
              room => `packages/server/src/${room}/**/*.test.ts`,
            ),
            'packages/server/src/cli/{commands,database,load}.test.ts',
            'packages/server/src/store/{at-rest,postgres/*}.test.ts',
            'tests/{background-growth,upgrades,browser,clients,clocks,decided-in-the-commit,hostile-input,kill,mount,races,workers}.test.ts',
            'tests/life-cycle/*.test.ts',
          ],
          // Only the embedded database answers at once.
          exclude: ['**/answer-directly.test.ts', '**/node_modules/**'],
          env: { TENANTRY_TEST_ENGINE: 'postgres' },
        },
      },
    ],
    globalSetup: ['tests/support/global-setup.ts'],
    reporters: ['default', './tests/support/closing-line-reporter.ts'],
    pool: 'forks',
    // Much of a test is waiting: for processes to start, for a disk, for time to pass.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
  },
})
