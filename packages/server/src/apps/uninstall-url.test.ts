import { type AddressInfo, createServer } from 'node:net'
import { createApp, InputError } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { Client } from '../../../../tests/support/client.ts'
import { CALLBACK, MI6, startProvider } from '../../../../tests/support/provider.ts'
import { listUnheardCallbacks } from '../store/queries/uninstall-callbacks.ts'
import { isPublicAddress, uninstallUrlMistake } from './uninstall-url.ts'

describe('where a callback may go', () => {
  it.each([
    'http://hooks.example.com/x',
    'https://localhost/x',
    'https://127.0.0.1/x',
    'https://[::1]/x',
    'https://[::ffff:10.0.0.1]/x',
    'https://10.1.2.3/x',
    'https://192.168.0.1/x',
    'https://169.254.169.254/latest/meta-data',
    'https://metadata.google.internal/x',
    'https://intranet/x',
    'https://a:b@hooks.example.com/x',
    'ftp://hooks.example.com/x',
    'nonsense',
  ])('not to %s in production', url => {
    expect(uninstallUrlMistake(url, false)).toBeTypeOf('string')
  })

  it('to a public https address', () => {
    expect(uninstallUrlMistake('https://hooks.example.com/x', false)).toBeUndefined()
  })

  it.each([
    '127.0.0.1',
    '0.0.0.0',
    '::1',
    '::',
    'fe80::1',
    'fc00::1',
    '::ffff:127.0.0.1',
    '100.64.0.1',
    '224.0.0.1',
    'x',
  ])('%s is no public address', address => {
    expect(isPublicAddress(address)).toBe(false)
  })

  it('a name that leads to this machine is not called, whatever was registered', async () => {
    const calls: string[] = []
    const listener = createServer(socket => {
      calls.push('called')
      socket.destroy()
    })
    await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
    const { port } = listener.address() as AddressInfo
    const provider = await startProvider({ localCallbacks: false })
    // Registered while it was allowed, or while the name led elsewhere.
    const lenient = { ...provider.runtime, settings: { ...provider.runtime.settings, localCallbacks: true } }
    const { app, clientSecret } = await createApp(lenient, {
      name: 'x',
      redirectUris: [CALLBACK],
      uninstallUrl: `http://localhost:${port}/x`,
    })
    const client = new Client(provider.fetch, app.clientId, clientSecret, CALLBACK)
    const tokens = await client.tokens(await provider.person().code(client, { company: MI6 }))
    await client.revoke(tokens.refresh_token)
    await expect
      .poll(async () => (await listUnheardCallbacks(provider.runtime.store))[0]?.last_error)
      .toBe('localhost has no public address')
    expect(calls).toEqual([])
    await provider.close()
    listener.close()
  })

  it('an app cannot be registered with one', async () => {
    const provider = await startProvider({ localCallbacks: false })
    await expect(provider.registerApp({ uninstallUrl: 'https://127.0.0.1/x' })).rejects.toThrow(InputError)
    await provider.close()
  })
})
