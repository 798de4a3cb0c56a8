import { type ConnectOptions, memoryStore } from '@tenantry/connect'
import type { TestProvider } from '@tenantry/connect/testing'
import { beforeEach } from 'vitest'
import { BOND, createTestApp, startKitProvider, type TestApp } from './kit.ts'

/** The provider of the running test. */
export let provider: TestProvider
/** An app that uses the kit with it. */
export let app: TestApp
/** The store of that app. */
export let store: ReturnType<typeof memoryStore>

/**
 * Gives each test of a file a provider and an app of its own.
 * What it gives are this module's exports: Vitest loads a module once for each test file.
 * @param installed whether Bond has installed the app at MI6 already
 */
export function useKit({ installed = false } = {}): void {
  beforeEach(async () => {
    provider = await startKitProvider()
    store = memoryStore()
    app = createTestApp(provider, { store })
    if (installed) await provider.install(app.connect, { ...BOND, company: 1 })
    return () => provider.close()
  })
}

/** Gives the running test an app with other options, on the same store. */
export function useApp(options: Partial<ConnectOptions>): void {
  app = createTestApp(provider, { store, ...options })
}
