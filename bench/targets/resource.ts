import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { protect } from '../../packages/resource/src/index.ts'

// A route that is protected in one of three ways: not at all, by @tenantry/resource, or by checking JWTs with jose.
const [way, options = '{}'] = process.argv.slice(2)
const { issuer, at, identifier, credentials, jwks } = JSON.parse(options)

/** The provider is at another port than its origin says. */
const askProvider = ((url: string, init: RequestInit) => fetch(url.replace(issuer, at), init)) as typeof fetch

const resource = way === 'introspection' ? protect({ issuer, identifier, credentials, fetch: askProvider }) : undefined
const keys = way === 'jwt' ? createLocalJWKSet(jwks) : undefined

async function check(url: string, authorization: string): Promise<unknown> {
  if (resource) return (await resource.check({ url, authorization })).companyId
  if (keys)
    return (await jwtVerify(authorization.slice('Bearer '.length), keys, { issuer, audience: identifier })).payload
      .company_id
  return 1
}

const server = createServer((request, response) => {
  check(request.url!, request.headers.authorization ?? '').then(
    company_id => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ company_id })),
    error => response.writeHead(error.status ?? 401).end(error.message),
  )
})
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })))
