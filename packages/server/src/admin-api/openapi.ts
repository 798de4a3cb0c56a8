import { createRequire } from 'node:module'
import type { AdminContext } from './environment.ts'
import type { AdminApp } from './operation.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

const TAGS = [
  { name: 'Companies', description: 'The tenants.' },
  { name: 'Users', description: 'People, with one id at all companies.' },
  { name: 'Members', description: 'Users at companies, and what may differ per company.' },
  { name: 'Apps', description: 'Registered OAuth clients.' },
  { name: 'Resource servers', description: 'APIs that check tokens.' },
  { name: 'App policies', description: 'Which apps the members of a company may allow.' },
  { name: 'Installations', description: 'Apps that users have allowed at companies.' },
  { name: 'Tokens', description: 'Access and refresh tokens.' },
  { name: 'Sessions', description: 'Browsers in which people are signed in.' },
  { name: 'Challenges', description: 'How your own sign-in and consent pages answer.' },
  { name: 'Callbacks', description: 'What apps are still to be told of.' },
  { name: 'Server', description: 'Keys and settings.' },
  { name: 'Audit', description: 'Who did what, chained by hashes.' },
  { name: 'Bulk', description: 'Many changes at once.' },
]

/** Answers with the description of the API (OpenAPI 3.1), which is public. */
export function describeApi(app: AdminApp) {
  app.openAPIRegistry.registerComponent('securitySchemes', 'admin_key', {
    type: 'http',
    scheme: 'bearer',
    description: 'A key that `tenantry admin-key create` made.',
  })
  return (c: AdminContext) => {
    const document = createDocument(app, c.env.runtime.settings.origin)
    return c.body(JSON.stringify(document), 200, {
      'Content-Type': 'application/json',
      'Cache-Control': 'public, max-age=300',
    })
  }
}

/** The description of the API at a provider. @param origin where it is reached */
export function createDocument(app: AdminApp, origin: string) {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Tenantry admin API',
      version,
      description:
        'Administers companies, users, members and apps. Errors are `application/problem+json` (RFC 9457). Lists have pages: give `next_cursor` as `cursor`.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: origin }],
    tags: TAGS,
  })
}
