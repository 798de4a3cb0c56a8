import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@tenantry/source'] },
  ssr: { resolve: { conditions: ['@tenantry/source'] } },
  test: {
    projects: [
      { extends: true, test: { name: 'tests', include: ['packages/*/src/**/*.test.ts', 'tests/**/*.test.ts'] } },
      {
        // What speaks to a provider in this process, once more on PostgreSQL.
        extends: true,
        test: {
          name: 'on PostgreSQL',
          include: [
            ...['oauth', 'users-me', 'tokens', 'sign-in', 'apps', 'http', 'store/queries'].map(
              room => `packages/server/src/${room}/**/*.test.ts`,
            ),
            'tests/hostile-input.test.ts',
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
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
  },
})
