import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setApp, setCompanyPolicy } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { beforeWrite } from '../../../../tests/support/before-write.ts'
import { Client, pkcePair } from '../../../../tests/support/client.ts'
import { answerOf } from '../../../../tests/support/person.ts'
import { DAY, HOUR, MI6, MINUTE, SECOND, startProvider, type TestProvider } from '../../../../tests/support/provider.ts'
import { deleteExpired } from '../store/queries/expired.ts'
import { findRegisteredApp } from './apps.ts'
import { isDocumentAddress } from './metadata-document.ts'

const REDIRECT_URI = 'https://agent.example/callback'

describe('client ID metadata documents', () => {
  let provider: TestProvider
  let host: Server
  let asked: number
  let answer: (response: ServerResponse) => void
  let clientId: string

  beforeEach(async () => {
    asked = 0
    host = createServer((_request, response) => {
      asked += 1
      answer(response)
    }).listen(0, '127.0.0.1')
    await new Promise(resolve => host.once('listening', resolve))
    clientId = `http://127.0.0.1:${(host.address() as AddressInfo).port}/agent.json`
    answer = saying()
    provider = await startProvider({ metadataDocuments: true })
  })
  afterEach(async () => {
    host.closeAllConnections()
    host.close()
    await provider.close()
  })

  function saying(more: object = {}, headers: Record<string, string> = {}) {
    return (response: ServerResponse) => {
      const document = { client_id: clientId, client_name: 'An agent', redirect_uris: [REDIRECT_URI], ...more }
      response.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(document))
    }
  }

  const { challenge, verifier } = pkcePair()
  const parameters = { code_challenge: challenge, code_challenge_method: 'S256' }
  const clientAt = (id = clientId) => new Client(provider.fetch, id, null, REDIRECT_URI)
  const open = (id = clientId) => provider.person().open(clientAt(id).authorizePath(parameters))

  it('[OA-62] an app is what its document says, and the consent page names where that is', async () => {
    const person = provider.person()
    const page = await person.reachConsent(clientAt(), { company: MI6 }, parameters)
    expect(page.text).toContain('Allow An agent?')
    expect(page.text).toContain(`described at ${new URL(clientId).host}`)
    const code = answerOf(await person.submit(page, { decision: 'allow' })).searchParams.get('code')!
    const tokens = await clientAt().tokens(code, { code_verifier: verifier })
    expect((await clientAt().me(tokens.access_token)).status).toBe(200)
    expect((await clientAt().refreshed(tokens.refresh_token)).scope).toBe(tokens.scope)
    expect(asked).toBe(1)
  })

  it('[OA-35] [OA-62] a company that blocks its host is not offered the app, and the tokens it has are refused', async () => {
    const block = (...blockedHosts: string[]) => setCompanyPolicy(provider.runtime, MI6, { blockedHosts })
    const person = provider.person()
    const code = () => person.code(clientAt(), { company: MI6 }, parameters)
    const tokens = await clientAt().tokens(await code(), { code_verifier: verifier })
    const unused = await code()
    const page = await person.reachConsent(clientAt(), { company: MI6 }, parameters)
    await block('another.example', new URL(clientId).host)
    expect((await clientAt().me(tokens.access_token)).status).toBe(401)
    expect((await clientAt().refreshed(tokens.refresh_token)).error).toBe('invalid_grant')
    expect((await clientAt().tokens(unused, { code_verifier: verifier })).error).toBe('invalid_grant')
    expect((await person.submit(page, { decision: 'allow' })).headers.get('Location') ?? '').not.toContain('code=')
    await block('another.example')
    expect((await clientAt().me(tokens.access_token)).status).toBe(200)
    const hasRun = beforeWrite(provider.runtime, /insert into "access_tokens"/i, () => block(new URL(clientId).host))
    expect((await clientAt().refreshed(tokens.refresh_token)).error).toBe('invalid_grant')
    expect(hasRun()).toBe(true)
  })

  it('[OA-01] an address that the document does not list is refused with a page', async () => {
    const client = new Client(provider.fetch, clientId, null, 'https://evil.example/callback')
    const page = await provider.person().open(client.authorizePath(parameters))
    expect([page.status, page.headers.get('Location')]).toEqual([400, null])
  })

  it('[OA-62] a document is read again when its headers say so, and by many requests at once one time', async () => {
    answer = saying({}, { 'Cache-Control': 'max-age=600' })
    await Promise.all(Array.from({ length: 20 }, () => open()))
    expect(asked).toBe(1)
    provider.pass(10 * MINUTE - 1)
    await open()
    expect(asked).toBe(1)
    answer = saying({ client_name: 'Another name', redirect_uris: [REDIRECT_URI, 'https://agent.example/more'] })
    provider.pass(1)
    expect((await open()).text).toContain('Another name')
    expect(asked).toBe(2)
  })

  it.each([
    ['max-age=1', MINUTE],
    ['no-store', MINUTE],
    ['max-age=999999999', DAY],
    ['', HOUR],
  ])(
    '[OA-62] a document with Cache-Control "%s" is kept for a time between a minute and a day',
    async (header, time) => {
      answer = saying({}, header ? { 'Cache-Control': header } : {})
      await open()
      provider.pass(time - 1)
      await open()
      expect(asked).toBe(1)
      provider.pass(1)
      await open()
      expect(asked).toBe(2)
    },
  )

  it('[OA-62] an app whose document cannot be read any more stays for a day, and its document is asked for once a minute', async () => {
    await open()
    answer = response => void response.writeHead(500).end()
    provider.pass(2 * HOUR)
    for (let round = 0; round < 5; round++) expect((await open()).status).toBe(200)
    expect(asked).toBe(2)
    provider.pass(MINUTE)
    await open()
    expect(asked).toBe(3)
    provider.pass(DAY)
    const page = await open()
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('cannot be used now')])
  })

  it('[OA-62] a document that makes no sense, is too long, hangs or is elsewhere is no app, and nothing is registered', async () => {
    const answers: ((response: ServerResponse) => void)[] = [
      response => void response.end('no JSON'),
      response => void response.end('null'),
      response => void response.end('[]'),
      saying({ client_id: 'https://agent.example/other.json' }),
      saying({ client_id: undefined }),
      saying({ redirect_uris: [] }),
      saying({ redirect_uris: ['javascript:alert(1)'] }),
      saying({ token_endpoint_auth_method: 'client_secret_basic' }),
      saying({ client_name: 'x'.repeat(300) }),
      saying({ padding: 'x'.repeat(20_000) }),
      response => void response.writeHead(302, { Location: `${clientId}?again` }).end(),
      response => void response.writeHead(404).end(),
      response => void response.destroy(),
    ]
    for (const each of answers) {
      answer = each
      expect((await open()).status).toBe(400)
      provider.pass(2 * MINUTE)
    }
    expect(asked).toBe(answers.length)
    expect(await findRegisteredApp(provider.runtime, clientId)).toBeUndefined()
  })

  it('[OA-62] addresses that are not public are not asked, whatever they look like', async () => {
    await provider.close()
    provider = await startProvider({ metadataDocuments: true, localCallbacks: false })
    const { port } = host.address() as AddressInfo
    const addresses = [
      clientId,
      ...[
        '127.0.0.1',
        'localhost',
        '[::1]',
        '[::ffff:127.0.0.1]',
        '[64:ff9b::7f00:1]',
        '169.254.169.254',
        '10.0.0.1',
      ].map(name => new URL(`https://${name}:${port}/agent.json`).href),
    ]
    for (const address of addresses) expect([address, (await open(address)).status]).toEqual([address, 400])
    expect(asked).toBe(0)
  })

  it('[OA-63] documents are not read where they are not welcome', async () => {
    await provider.close()
    provider = await startProvider()
    expect((await open()).status).toBe(400)
    const metadata = await (await provider.fetch('/.well-known/oauth-authorization-server')).json()
    expect(metadata).toMatchObject({ client_id_metadata_document_supported: false })
    expect(asked).toBe(0)
  })

  it('[OA-63] an app that no one allows is forgotten after a day, and read again when it comes', async () => {
    await open()
    provider.pass(2 * DAY + SECOND)
    await deleteExpired(provider.runtime.store, provider.now() - DAY)
    expect(await findRegisteredApp(provider.runtime, clientId)).toBeUndefined()
    expect((await open()).status).toBe(200)
  })

  it('[OA-35] an app that an operator disabled stays so, whatever its document says', async () => {
    await open()
    await setApp(provider.runtime, clientId, { disabled: true })
    provider.pass(2 * HOUR)
    expect((await open()).status).toBe(403)
    expect(asked).toBe(2)
  })

  it.each([
    ['https://agent.example/agent.json', true],
    ['https://agent.example/a?b=c', true],
    ['https://agent.example', false],
    ['https://agent.example/', false],
    ['https://agent.example/a#b', false],
    ['https://u:p@agent.example/a', false],
    ['https://agent.example/a/../b', false],
    ['https://AGENT.example/a', false],
    ['https://agent.example:443/a', false],
    ['http://agent.example/a', false],
    ['ftp://agent.example/a', false],
    [`https://agent.example/${'a'.repeat(600)}`, false],
    ['my-app', false],
  ])('%s is the address of a document: %s', (address, is) => {
    expect(isDocumentAddress(address, false)).toBe(is)
  })
})
