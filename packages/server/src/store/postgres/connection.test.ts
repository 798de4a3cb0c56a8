import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../../../tests/support/sandbox-process.ts'
import { newClient } from './connection.ts'

describe('sslmode means what it means to libpq', () => {
  const folder = temporaryFolder()
  const authority = join(folder.path, 'ca.pem')
  writeFileSync(authority, 'a certificate')
  afterAll(() => folder.remove())

  /** What TLS is made with; false for none. */
  const tlsOf = (query: string) => {
    const client = newClient({ url: `postgres://tenantry@db.example/tenantry${query}` })
    return (client as unknown as { connectionParameters: { ssl: Record<string, unknown> | boolean } })
      .connectionParameters.ssl
  }
  const root = `sslrootcert=${authority}`

  it.each([
    ['', false],
    ['?sslmode=disable', false],
    ['?sslmode=prefer', { rejectUnauthorized: false }],
    ['?sslmode=allow', { rejectUnauthorized: false }],
    ['?sslmode=require', { rejectUnauthorized: false }],
    ['?sslmode=no-verify', { rejectUnauthorized: false }],
    [`?sslmode=require&${root}`, { ca: 'a certificate', checkServerIdentity: expect.any(Function) }],
    [`?sslmode=verify-ca&${root}`, { ca: 'a certificate', checkServerIdentity: expect.any(Function) }],
    [`?sslmode=verify-full&${root}`, { ca: 'a certificate' }],
    ['?sslmode=verify-full', {}],
  ])('%s', (query, tls) => {
    expect(tlsOf(query)).toEqual(tls)
  })

  it('verify-ca without an authority is refused, as libpq does', () => {
    expect(() => tlsOf('?sslmode=verify-ca')).toThrow(/sslrootcert/)
  })
})
