import { createConnect, memoryStore, useAccount } from '@tenantry/connect'
import type { TestProvider } from '@tenantry/connect/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KEY, startKitProvider } from '../../../tests/support/kit.ts'

let provider: TestProvider

beforeEach(async () => {
  provider = await startKitProvider()
})
afterEach(() => provider.close())

describe('the options', () => {
  const options = () => ({
    ...provider.options,
    store: memoryStore(),
    encryptionKeys: [KEY],
    onInstall: () => useAccount('x'),
  })

  it.each([
    ['a short key', { encryptionKeys: ['short'] }, /32 characters/],
    ['no key', { encryptionKeys: [] }, /at least one key/],
    ['no client id', { clientId: '' }, /clientId/],
    ['a redirect URI without https', { redirectUri: 'http://notes.example/callback' }, /https/],
    ['a redirect URI that is none', { redirectUri: 'callback' }, /whole address/],
    ['a redirect URI on the start path', { redirectUri: 'https://notes.example/start' }, /start/],
    ['no store', { store: undefined }, /store/],
    ['no onInstall', { onInstall: undefined }, /onInstall/],
    ['no provider', { provider: undefined }, /provider/],
  ])('are refused with %s', (_, wrong, message) => {
    expect(() => createConnect({ ...options(), ...(wrong as object) })).toThrow(message)
  })
})
