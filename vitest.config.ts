import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@tenantry/source'] },
  ssr: { resolve: { conditions: ['@tenantry/source'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tests/**/*.test.ts'],
    globalSetup: ['tests/support/global-setup.ts'],
    reporters: ['default', './tests/support/closing-line-reporter.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
  },
})
