import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setApp } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../../../tests/support/provider.ts'
import { client, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { makeSigningKey, SigningClient, type SigningKey } from '../../../../tests/support/signing-client.ts'

describe('apps whose keys are at an address', () => {
  useProvider()
  let server: Server
  let served: { status: number; body: string }
  let requests = 0
  let address: string
  let first: SigningKey
  let app: SigningClient

  const keySet = (...keys: SigningKey[]) => JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })

  beforeEach(async () => {
    requests = 0
    first = await makeSigningKey('first')
    served = { status: 200, body: keySet(first) }
    server = createServer((_, response) => {
      requests += 1
      response.writeHead(served.status, { 'Content-Type': 'application/json', Location: '/elsewhere' }).end(served.body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
    app = await SigningClient.create(provider, { jwksUri: address }, first)
  })
  afterEach(() => {
    server.close()
    server.closeAllConnections()
  })

  const authenticate = async () => {
    const { status, body } = await app.post('/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x' })
    return status === 400 ? 'authenticated' : body.error
  }

  it('their keys are read once, and again for a key that is not among them', async () => {
    for (let times = 0; times < 5; times++) expect(await authenticate()).toBe('authenticated')
    expect(requests).toBe(1)
    app.key = await makeSigningKey('second')
    served.body = keySet(first, app.key)
    expect(await authenticate()).toBe('invalid_client')
    provider.pass(30 * SECOND)
    expect(await authenticate()).toBe('authenticated')
    expect(requests).toBe(2)
  })

  it('made-up keys make us ask their server twice a minute at most', async () => {
    expect(await authenticate()).toBe('authenticated')
    app.key = await makeSigningKey('made up')
    for (let times = 0; times < 20; times++) expect(await authenticate()).toBe('invalid_client')
    expect(requests).toBe(1)
    served.status = 500
    provider.pass(MINUTE)
    for (let times = 0; times < 20; times++) expect(await authenticate()).toBe('invalid_client')
    expect(requests).toBe(2)
  })

  it('an app goes on for a day while its server cannot be read', async () => {
    expect(await authenticate()).toBe('authenticated')
    for (const fault of [
      { status: 500, body: '' },
      { status: 302, body: '' },
      { status: 200, body: '{"keys":1}' },
    ]) {
      served = fault
      const own = app.key
      app.key = await makeSigningKey('not among them')
      provider.pass(MINUTE)
      expect(await authenticate()).toBe('invalid_client')
      app.key = own
      expect(await authenticate()).toBe('authenticated')
    }
    expect(requests).toBe(4)
    provider.pass(25 * HOUR)
    app.key = await makeSigningKey('not among them')
    expect(await authenticate()).toBe('invalid_client')
  })

  it.each([
    ['an error', { status: 500, body: '' }],
    ['a redirect', { status: 302, body: '' }],
    ['no keys', { status: 200, body: 'not found' }],
    ['more than 64 KiB', { status: 200, body: `${' '.repeat(70_000)}{"keys":[]}` }],
    ['a shared key', { status: 200, body: JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'first' }] }) }],
  ])('a server that gives %s lets no one in, and is no error of ours', async (_, fault) => {
    served = fault
    expect(await authenticate()).toBe('invalid_client')
    expect(requests).toBe(1)
  })

  it('[OA-62] keys are never read from a private address in production', async () => {
    const strict = provider.runtime.settings as { localCallbacks: boolean }
    strict.localCallbacks = false
    expect(await authenticate()).toBe('invalid_client')
    expect(requests).toBe(0)
    for (const jwksUri of ['http://app.example/jwks', 'https://127.0.0.1/jwks', 'https://a:b@app.example/', 'x']) {
      await expect(setApp(provider.runtime, app.id, { jwksUri })).rejects.toThrow(/jwksUri/)
    }
  })

  it('an app with keys can change them, or say where they are; no app becomes one', async () => {
    const other = await makeSigningKey('other')
    await setApp(provider.runtime, app.id, { jwks: { keys: [other.jwk as Record<string, unknown>] } })
    expect(await authenticate()).toBe('invalid_client')
    app.key = other
    expect(await authenticate()).toBe('authenticated')
    await setApp(provider.runtime, app.id, { jwksUri: address })
    app.key = first
    expect(await authenticate()).toBe('authenticated')
    for (const change of [{ jwksUri: address }, { jwks: { keys: [other.jwk as Record<string, unknown>] } }]) {
      await expect(setApp(provider.runtime, client.id, change)).rejects.toThrow('authenticates with a secret')
    }
    await expect(setApp(provider.runtime, app.id, { jwksUri: null })).rejects.toThrow('must have some')
    // What was read can be sent back.
    await setApp(provider.runtime, client.id, { name: 'Field Notes', jwksUri: null })
    await setApp(provider.runtime, app.id, { jwks: { keys: [other.jwk as Record<string, unknown>] }, jwksUri: null })
    await setApp(provider.runtime, app.id, { name: 'Other', jwksUri: null })
    app.key = other
    expect(await authenticate()).toBe('authenticated')
    await expect(provider.registerApp({ isPublic: true, jwksUri: address })).rejects.toThrow('does not authenticate')
    const both = { jwksUri: address, jwks: { keys: [other.jwk as Record<string, unknown>] } }
    await expect(provider.registerApp(both)).rejects.toThrow('not both')
  })
})
