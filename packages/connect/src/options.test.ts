import { createConnect, memoryStore, tenantry, useAccount } from '@tenantry/connect'
import { describe, expect, it } from 'vitest'
import { KEY } from '../../../tests/support/kit.ts'
import { provider, useKit } from '../../../tests/support/kit-of-test.ts'

useKit()

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
  ])('the options are refused with %s', (_, wrong, message) => {
    expect(() => createConnect({ ...options(), ...(wrong as object) })).toThrow(message)
  })

  it.each([
    ['no client id at all', { clientId: undefined }, /clientId: missing/],
    ['no redirect URI', { redirectUri: undefined }, /redirectUri: missing/],
    ['a language that is none', { languages: ['english language'] }, /BCP 47/],
    ['no language', { languages: [] }, /languages: missing/],
    ['a start path that is none', { startPath: 'start' }, /startPath/],
    ['the callback as start path', { startPath: '/connect/callback' }, /startPath/],
    ['a base path that does not fit', { basePath: '/other' }, /basePath/],
  ])('the options name what is missing or wrong: %s', (_, wrong, message) => {
    expect(() => createConnect({ ...options(), ...(wrong as object) } as never)).toThrow(message)
  })

  it('take a language with an underscore', async () => {
    const connect = createConnect({ ...options(), languages: ['pt_BR', 'en'] })
    expect(connect.locale().language).toBe('pt-BR')
  })

  it('an issuer on plain HTTP beyond this machine is refused, unless it is allowed', () => {
    expect(() => tenantry({ issuer: 'http://sandbox:4040' })).toThrow(/allowHttp: true/)
    expect(tenantry({ issuer: 'http://sandbox:4040', allowHttp: true }).allowHttp).toBe(true)
    expect(tenantry({ issuer: 'http://localhost:4040' }).issuer).toBe('http://localhost:4040')
    expect(tenantry({ issuer: 'https://example.com/id/' })).toMatchObject({
      issuer: 'https://example.com/id',
      tokenEndpoint: 'https://example.com/id/oauth/token',
    })
  })

  it('two kits in one folder have starts of their own, and a base path may be taken off on the way', async () => {
    const at = (more: object) => createConnect({ ...options(), ...more })
    const one = at({ redirectUri: 'https://app.example/api/auth/callback/one', startPath: '/api/auth/start/one' })
    const two = at({ redirectUri: 'https://app.example/api/auth/callback/two', startPath: '/api/auth/start/two' })
    expect([one.handles(one.startPath), one.handles(two.startPath)]).toEqual([true, false])
    expect((await one.handler(new Request(`https://app.example${one.startPath}`))).status).toBe(303)

    const below = at({ redirectUri: 'https://app.example/app/connect/callback', basePath: '/app' })
    for (const path of ['/app/connect/start', '/connect/start', '/connect/start/', '/app/connect/callback/']) {
      expect([path, below.handles(path)]).toEqual([path, true])
    }
    expect((await below.handler(new Request('https://app.example/connect/start/'))).status).toBe(303)
    expect(below.handles('/start')).toBe(false)
  })

  it('an install can be begun by the app itself', async () => {
    const connect = createConnect({ ...options() })
    const { url, cookies } = await connect.authorize({ returnTo: '/notes', company: 2, params: { prompt: 'login' } })
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ company_id: '2', prompt: 'login' })
    expect(cookies).toHaveLength(1)
    await expect(connect.authorize({ returnTo: 'https://evil.example' })).rejects.toMatchObject({
      code: 'return_to_invalid',
    })
  })
})
