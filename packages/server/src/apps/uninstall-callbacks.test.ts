import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deleteUser, removeMember } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../../../tests/support/client.ts'
import {
  BOND,
  DAY,
  HOUR,
  MI6,
  SECOND,
  startProvider,
  type TestProvider,
  UNIVERSAL_EXPORTS,
} from '../../../../tests/support/provider.ts'
import { listAppsWithCallbacks, uninstallQueue } from '../store/queries/callback-queue.ts'
import { listPendingCallbacks } from '../store/queries/uninstall-callbacks.ts'
import { statement } from '../store/store.ts'
import { CallbackSender } from './callback-sender.ts'
import { removeInstallation } from './installations.ts'
import { uninstallCallbacks } from './uninstall-callbacks.ts'

interface Heard {
  method: string | undefined
  headers: IncomingHttpHeaders
  body: unknown
}

describe('the uninstall callback', () => {
  let provider: TestProvider
  let listener: Server
  let client: Client
  let heard: Heard[]
  let answer: (count: number) => number

  beforeEach(async () => {
    heard = []
    answer = () => 200
    listener = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      heard.push({
        method: request.method,
        headers: request.headers,
        body: JSON.parse(Buffer.concat(chunks).toString() || 'null'),
      })
      const status = answer(heard.length)
      response.writeHead(status, status === 302 ? { Location: '/elsewhere' } : {}).end('ignored')
    })
    await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
    provider = await startProvider()
    const { port } = listener.address() as AddressInfo
    client = await provider.registerApp({ uninstallUrl: `http://127.0.0.1:${port}/uninstalled` })
  })
  afterEach(async () => {
    await provider.close()
    listener.closeAllConnections()
    listener.close()
  })

  const install = (company = MI6) =>
    provider
      .person()
      .code(client, { company })
      .then(code => client.tokens(code))
  const pending = () => listPendingCallbacks(provider.runtime.store)
  /** The job of the server may be faster than we are. */
  const untilSent = async () => {
    const sender = new CallbackSender(provider.runtime, uninstallCallbacks)
    while ((await sender.look()) > 0) await sender.settle()
    await expect.poll(async () => (await pending()).filter(callback => callback.claimed_until !== null)).toEqual([])
  }

  it('the uninstall callback tells the app who it lost, with the app’s own credentials', async () => {
    const tokens = await install()
    await client.revoke(tokens.refresh_token)
    await expect.poll(() => heard.length).toBe(1)
    expect(heard[0]).toMatchObject({
      method: 'DELETE',
      body: {
        client_id: client.id,
        company_id: MI6,
        user_id: BOND,
        timestamp: new Date(provider.now()).toISOString(),
      },
    })
    const credentials = Buffer.from(`${client.id}:${client.secret}`).toString('base64')
    expect(heard[0]!.headers).toMatchObject({
      authorization: `Basic ${credentials}`,
      'content-type': 'application/json',
    })
    await expect.poll(pending).toEqual([])
  })

  it.each([
    [
      'Connected apps',
      async (p: TestProvider, c: Client) => {
        const person = p.person()
        await person.signIn()
        await person.submitAndFollow(await person.open('/connected-apps'), { client_id: c.id })
      },
    ],
    [
      'the command line',
      (p: TestProvider, c: Client) =>
        removeInstallation(p.runtime, { company_id: MI6, user_id: BOND, client_id: c.id }),
    ],
    ['the end of the membership', (p: TestProvider) => removeMember(p.runtime, MI6, BOND)],
    ['the end of the user', (p: TestProvider) => deleteUser(p.runtime, BOND)],
  ])('the uninstall callback is sent when the installation ends by %s', async (_way, end) => {
    await install()
    await end(provider, client)
    await expect.poll(() => heard.length).toBe(1)
    await untilSent()
    expect(heard).toHaveLength(1)
  })

  it('the uninstall callback is sent for each installation that a deleted user had', async () => {
    await install(MI6)
    await install(UNIVERSAL_EXPORTS)
    await deleteUser(provider.runtime, BOND)
    await expect.poll(() => heard.length).toBe(2)
    expect(heard.map(({ body }) => (body as { company_id: number }).company_id).sort()).toEqual([1, 2])
  })

  it('the uninstall callback is not sent while the installation lives on: a used code, a theft, a revoked access token', async () => {
    const code = await provider.person().code(client, { company: MI6 })
    const tokens = await client.tokens(code)
    await client.revoke(tokens.access_token)
    await client.exchange(code)
    expect(await pending()).toEqual([])
    expect(heard).toEqual([])
  })

  it('the uninstall callback is not queued for an app without an uninstall URL', async () => {
    const other = await provider.registerApp()
    const tokens = await other.tokens(await provider.person().code(other, { company: MI6 }))
    await other.revoke(tokens.refresh_token)
    expect(await pending()).toEqual([])
  })

  it('the uninstall callback is sent again with longer and longer pauses while the app fails', async () => {
    answer = count => (count < 4 ? 500 : 204)
    const tokens = await install()
    await client.revoke(tokens.refresh_token)
    for (const expected of [1, 2, 3, 4]) {
      await expect.poll(() => heard.length).toBe(expected)
      await untilSent()
      provider.pass(2 ** expected * 2 * SECOND)
    }
    expect(await pending()).toEqual([])
  })

  it('the uninstall callback is given up after a day, and stays on record', async () => {
    answer = () => 500
    const tokens = await install()
    await client.revoke(tokens.refresh_token)
    for (let hour = 0; hour < 48; hour++) {
      await untilSent()
      provider.pass(HOUR)
    }
    const [callback] = await pending()
    expect(callback).toMatchObject({ last_error: 'the app answered 500' })
    expect(callback?.gave_up_at).toBeGreaterThan(0)
    const sofar = heard.length
    provider.pass(DAY)
    await untilSent()
    expect(heard).toHaveLength(sofar)
  })

  it('the uninstall callback follows no redirect', async () => {
    answer = () => 302
    const tokens = await install()
    await client.revoke(tokens.refresh_token)
    await expect.poll(() => heard.length).toBe(1)
    await untilSent()
    expect((await pending())[0]?.last_error).toBe('the app answered 302')
    expect(heard).toHaveLength(1)
  })

  it('the uninstall callback is sent by one of many senders at a time', async () => {
    const tokens = await install()
    await client.revoke(tokens.refresh_token)
    const senders = Array.from({ length: 8 }, () => new CallbackSender(provider.runtime, uninstallCallbacks))
    await Promise.all(senders.map(sender => sender.look()))
    await Promise.all(senders.map(sender => sender.settle()))
    await untilSent()
    expect(heard).toHaveLength(1)
  })

  it('the uninstall callback is not held up by another app that is deaf', async () => {
    const { store } = provider.runtime
    const deaf = await provider.registerApp({ uninstallUrl: 'http://127.0.0.1:9/gone' })
    const { port } = listener.address() as AddressInfo
    const honest = await provider.registerApp({ uninstallUrl: `http://127.0.0.1:${port}/gone` })
    const due = (clientId: string, endedAt: number) =>
      statement(
        store.db.insertInto('uninstall_callbacks').values({
          company_id: MI6,
          user_id: BOND,
          client_id: clientId,
          ended_at: endedAt,
          next_attempt_at: endedAt,
          claimed_until: null,
          gave_up_at: null,
          last_error: null,
        }),
      )
    await store.write([
      ...Array.from({ length: 200 }, (_, index) => due(deaf.id, provider.now() - 1000 + index)),
      due(honest.id, provider.now()),
    ])
    expect(new Set(await listAppsWithCallbacks(store, uninstallQueue, '', 10))).toEqual(new Set([deaf.id, honest.id]))
    await expect.poll(() => heard.length).toBe(1)
  })

  it('an app that installs again at once is installed', async () => {
    const tokens = await install()
    await client.revoke(tokens.refresh_token)
    const again = await install()
    expect((await client.me(again.access_token)).status).toBe(200)
  })
})
