import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { APP_CALLBACK } from '../../../../tests/support/kit.ts'
import { app, useKit } from '../../../../tests/support/kit-of-test.ts'
import { checkReturnTo } from './return-to.ts'

const START = new URL('start', APP_CALLBACK)

useKit()

describe('returnTo', () => {
  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '\\/evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/..//evil.example',
    '/./\\evil.example',
    'javascript:alert(1)',
    'evil.example',
    '/%0d%0a\r\nSet-Cookie: x=y',
    ' //evil.example',
    `/${'a'.repeat(1024)}`,
  ])('%j is refused before anything begins', async returnTo => {
    const answer = await app.connect.handler(new Request(`${START}?${new URLSearchParams({ returnTo })}`))
    expect(answer.status).toBe(400)
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  it('whatever is accepted leads to this app', () => {
    const pieces = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '@',
      ':',
      '?',
      '#',
      'evil.example',
      '\t',
      '%2f',
      '//',
      'https:',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 4 })), { maxLength: 8 }), parts => {
        let accepted: string | null
        try {
          accepted = checkReturnTo(parts.join(''))
        } catch {
          return
        }
        if (accepted === null) return
        expect(new URL(accepted, 'https://notes.example').origin).toBe('https://notes.example')
        expect(accepted).toMatch(/^\/(?!\/)/)
      }),
      { numRuns: 5000 },
    )
  })
})
