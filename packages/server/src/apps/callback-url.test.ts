import { type AddressInfo, createServer } from 'node:net'
import { createApp, InputError } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { Client } from '../../../../tests/support/client.ts'
import { CALLBACK, MI6, startProvider } from '../../../../tests/support/provider.ts'
import { isPublicAddress } from '../http/outbound/public-address.ts'
import { listPendingCallbacks } from '../store/queries/uninstall-callbacks.ts'
import { calledUrlMistake } from './callback-url.ts'

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
  ])('an uninstall URL may not be %s in production', url => {
    expect(calledUrlMistake(url, false, 'the client secret')).toBeTypeOf('string')
  })

  it('an uninstall URL may be a public https address', () => {
    expect(calledUrlMistake('https://hooks.example.com/x', false, 'the client secret')).toBeUndefined()
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

  /** The IPv6 forms that lead to an IPv4 address, or once did. */
  const formsOf = (ipv4: string) => {
    const [high, low] = [0, 2].map(at =>
      ipv4
        .split('.')
        .slice(at, at + 2)
        .map(part => Number(part).toString(16).padStart(2, '0'))
        .join(''),
    )
    return [
      `::ffff:${ipv4}`,
      `::ffff:${high}:${low}`,
      `::ffff:0:${ipv4}`,
      `::${ipv4}`,
      `::${high}:${low}`,
      `64:ff9b::${high}:${low}`,
      `64:ff9b:1::${high}:${low}`,
      `2002:${high}:${low}::1`,
    ]
  }

  it.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', '192.168.0.1', '0.0.0.0', '172.16.0.1', '100.64.0.1'])(
    '[OA-62] %s is not public in any form',
    ipv4 => {
      for (const form of [ipv4, ...formsOf(ipv4)]) expect([form, isPublicAddress(form)]).toEqual([form, false])
    },
  )

  it.each([
    // IANA's special-purpose registries.
    '0.1.2.3',
    '192.0.0.8',
    '192.0.2.1',
    '192.31.196.1',
    '192.52.193.1',
    '192.88.99.1',
    '192.175.48.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '240.0.0.1',
    '255.255.255.255',
    '100::1',
    '2001::1',
    '2001:1::1',
    '2001:2::1',
    '2001:3::1',
    '2001:4:112::1',
    '2001:10::1',
    '2001:20::1',
    '2001:db8::1',
    '2620:4f:8000::1',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fec0::1',
    'fe80::1',
    'ff02::1',
    '1::1',
  ])('[OA-62] %s is set aside for something special', address => {
    expect(isPublicAddress(address)).toBe(false)
  })

  it.each(['8.8.8.8', '1.1.1.1', '2606:4700::1111', '2a00:1450::1', '2620:fe::fe', '::ffff:8.8.8.8'])(
    '[OA-62] %s is public',
    address => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )

  it('[OA-62] a local name with a dot at its end is a local name', () => {
    expect(calledUrlMistake('https://localhost./x', false, 'the client secret')).toBeTypeOf('string')
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
      .poll(async () => (await listPendingCallbacks(provider.runtime.store))[0]?.last_error)
      .toBe('localhost has no public address')
    expect(calls).toEqual([])
    await provider.close()
    listener.close()
  })

  it('an app cannot be registered with an uninstall URL on a private address', async () => {
    const provider = await startProvider({ localCallbacks: false })
    await expect(provider.registerApp({ uninstallUrl: 'https://127.0.0.1/x' })).rejects.toThrow(InputError)
    await provider.close()
  })
})
