import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const ONLY_POSTGRES = ['packages/server/src/store/postgres/*.test.ts', 'packages/server/src/cli/database.test.ts']

// Tests start several hundred processes from the same sources: compiled once, they start in two thirds of the time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled-for-tests', import.meta.url))

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
        // Tests that do not depend on files run on PostgreSQL as well.
        extends: true,
        test: {
          name: 'on PostgreSQL',
          include: [
            ...[
              'oauth',
              'console',
              'openid',
              'resource-servers',
              'metrics',
              'rate-limits',
              'users-me',
              'users-api',
              'admin-api',
              'audit',
              'settings',
              'tracing',
              'tokens',
              'sign-in',
              'apps',
              'mail',
              'http',
              'config',
              'node-server',
              'sandbox',
              'store/queries',
            ].map(module => `packages/server/src/${module}/**/*.test.ts`),
            'packages/server/src/cli/{admin-key,app,audit,company,database,installation,load,migrate,settings,tenantry,user}.test.ts',
            'packages/server/src/store/{at-rest,postgres/*}.test.ts',
            'tests/{background-growth,console-growth,upgrades,browser,clients,clocks,decided-in-the-commit,hostile-input,kill,mount,races,refused-at-once,workers}.test.ts',
            'tests/life-cycle/*.test.ts',
          ],
          exclude: ['**/node_modules/**'],
          env: { TENANTRY_TEST_ENGINE: 'postgres' },
        },
      },
    ],
    globalSetup: ['tests/support/global-setup.ts'],
    reporters: ['default', './tests/support/closing-line-reporter.ts'],
    pool: 'forks',
    // Tests mostly wait: for processes to start, for disks, for time to pass.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
  },
})
