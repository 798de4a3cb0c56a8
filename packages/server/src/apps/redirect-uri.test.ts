import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formTargets, matchesRedirectUri, redirectUriMistake } from './redirect-uri.ts'

const uri = fc.oneof(
  fc.webUrl({ withQueryParameters: true }),
  fc.constantFrom(
    'http://127.0.0.1/callback',
    'http://localhost/callback',
    'http://[::1]/callback',
    'com.example.app:/callback',
  ),
  fc.string(),
)

describe('redirect URIs', () => {
  it('[OA-01] redirect URIs match themselves', () => {
    fc.assert(fc.property(uri, text => matchesRedirectUri(text, text)))
  })

  it('[OA-01] redirect URIs never match after any change, but for the port of a loopback URI', () => {
    const change = fc.tuple(uri, fc.nat(), fc.string({ minLength: 1, maxLength: 3 }))
    fc.assert(
      fc.property(change, ([registered, position, inserted]) => {
        const at = position % (registered.length + 1)
        const requested = registered.slice(0, at) + inserted + registered.slice(at)
        const withoutPort = (text: string) =>
          text.replace(/^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(:\d{1,5})?(?=[/?]|$)/, '$1')
        fc.pre(withoutPort(requested) !== withoutPort(registered))
        return !matchesRedirectUri(registered, requested)
      }),
    )
  })

  it('[OA-01] redirect URIs match on any port of a loopback address', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65535 }), port =>
        ['127.0.0.1', '[::1]', 'localhost'].every(host =>
          matchesRedirectUri(`http://${host}/cb?x=1`, `http://${host}:${port}/cb?x=1`),
        ),
      ),
    )
  })

  it.each([
    ['http://127.0.0.1/cb', 'http://127.0.0.1:0/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:65536/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:80@evil.example/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:8080.evil.example/cb'],
    ['http://localhost/cb', 'http://localhost.evil.example/cb'],
    ['http://localhost/cb', 'http://LOCALHOST:1/cb'],
    ['http://localhost/cb', 'http://localhost:1/cb#x'],
    ['https://localhost/cb', 'https://localhost:1/cb'],
  ])('[OA-01] %s is not %s', (registered, requested) => {
    expect(matchesRedirectUri(registered, requested)).toBe(false)
  })

  it.each([
    'https://app.example/callback',
    'http://127.0.0.1/callback',
    'http://localhost:3000/callback?x=1',
    'com.example.app:/callback',
  ])('%s can be registered', text => {
    expect(redirectUriMistake(text)).toBeUndefined()
  })

  it.each([
    'http://app.example/callback',
    'https://app.example/#x',
    'https://user:pass@app.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    'myapp:/callback',
    '/callback',
    '',
    'https://app.example/a b',
    'http://127.0.0.1.evil.example/',
  ])('%s cannot be registered', text => {
    expect(redirectUriMistake(text)).toBeTypeOf('string')
  })

  it('the CSP form-action of a redirect URI names where browsers follow the redirect', () => {
    expect(formTargets('https://app.example/cb')).toEqual(['https:'])
    expect(formTargets('com.example.app:/cb')).toEqual(['com.example.app:', 'https:'])
  })
})
