import type { TenantryOptions } from 'tenantry'
import { beforeEach } from 'vitest'
import type { Client } from './client.ts'
import type { Person } from './person.ts'
import { startProvider, type TestProvider } from './provider.ts'

/** The provider of the running test. */
export let provider: TestProvider
/** An app that is registered at it. */
export let client: Client
/** A browser without a session. */
export let person: Person

/**
 * Gives each test of a file, or of the `describe` that calls it, a provider of its own with an app and a browser.
 * What it gives are this module's exports: Vitest loads a module once for each test file.
 */
export function useProvider(options: () => Partial<TenantryOptions> = () => ({})): void {
  beforeEach(async () => {
    provider = await startProvider(options())
    client = await provider.registerApp()
    person = provider.person()
    return () => provider.close()
  })
}
