// An app for any runtime: tests/connect/runtimes.test.ts starts it on Node, Bun, Deno and an edge runtime.
import { createAccount, createConnect, memoryStore, tenantry, useAccount } from '@tenantry/connect'

export function createApp(options) {
  let ahead = 0
  const connect = createConnect({
    provider: tenantry({ issuer: options.issuer }),
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    redirectUri: `${options.origin}/connect/callback`,
    store: memoryStore(),
    encryptionKeys: ['a key of the runtime test, long enough'],
    clock: () => options.now + ahead,
    onInstall: ({ link }) => (link ? useAccount(link.accountId) : createAccount(() => 'account-1')),
  })
  return async request => {
    const url = new URL(request.url)
    if (connect.handles(url.pathname)) return connect.handler(request)
    if (url.pathname !== '/me') return new Response('its own page')
    // An hour later by the app's clock, so that it must refresh.
    ahead += 3_600_000
    const reference = { companyId: 2, userId: 777 }
    const answer = await connect.fetch(reference, '/users/me')
    const link = await connect.links.find(reference)
    return Response.json({
      status: answer.status,
      body: await answer.json(),
      account: link.accountId,
      link: link.status,
    })
  }
}
