import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAccount, memoryStore, type Provider, useAccount } from '@tenantry/connect'
import { expressConnect, expressRequest } from '@tenantry/connect/express'
import { fastifyConnect } from '@tenantry/connect/fastify'
import { honoConnect } from '@tenantry/connect/hono'
import { nextConnect } from '@tenantry/connect/next'
import { conformanceChecks } from '@tenantry/connect/store-conformance'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { v1 } from 'pipedrive'
import { expect, it, onTestFinished } from 'vitest'
import { codeAfter, runCode } from '../support/fenced-blocks.ts'
import { APP_CALLBACK, AT_EXPORTS, BOND, createTestApp, linkForm } from '../support/kit.ts'
import { app, provider, useKit } from '../support/kit-of-test.ts'
import { serveTestProvider } from '../support/served-provider.ts'

const GUIDE = 'docs/connect/README.md'

useKit()

it('the hooks of the guide add a company to the account that is signed in', async () => {
  const created: string[] = []
  const hooks = await runCode('', `({ ${codeAfter(GUIDE, '## Whose account is it?')} })`, {
    accounts: {
      create({ key }: { key: string }) {
        created.push(key)
        return `account ${key}`
      },
    },
    sessions: {
      accountOf: (request: Request) => /account=([^;]*)/.exec(request.headers.get('Cookie') ?? '')?.[1] ?? null,
      cookieFor: (accountId: string) => `account=${accountId}`,
    },
    createAccount,
    useAccount,
  })
  const { connect } = createTestApp(provider, hooks as object)
  const bond = provider.person(connect)
  await provider.install(connect, { ...BOND, company: 1 }, bond)
  await provider.install(connect, { ...BOND, company: 2 }, bond, linkForm())
  expect(created).toEqual(['tenantry:1:777'])
  expect((await connect.links.find({ companyId: 2, userId: 777 }))?.accountId).toBe('account tenantry:1:777')
})

it("each framework's line of the guide begins an install", async () => {
  const [onExpress, onFastify, onHono, onNext] = codeAfter(GUIDE, 'Anything else is 404').trim().split('\n')
  const { connect } = app
  const path = '/connect/start'
  const begun: Record<string, { status: number; location: string }> = {}

  const expressApp = express()
  await runCode(onExpress!, '0', { app: expressApp, connect, expressConnect })
  const server = expressApp.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
    redirect: 'manual',
  })
  begun.express = { status: answer.status, location: answer.headers.get('Location')! }

  const fastifyApp = fastify()
  await runCode(onFastify!, '0', { app: fastifyApp, connect, fastifyConnect })
  const injected = await fastifyApp.inject({ url: path })
  begun.fastify = { status: injected.statusCode, location: String(injected.headers.location) }

  const honoApp = new Hono()
  await runCode(onHono!, '0', { app: honoApp, connect, honoConnect })
  const fromHono = await honoApp.request(path)
  begun.hono = { status: fromHono.status, location: fromHono.headers.get('Location')! }

  const { GET } = (await runCode(onNext!, '{ GET, POST, DELETE }', { connect, nextConnect })) as {
    GET(request: Request): Promise<Response>
  }
  const fromNext = await GET(new Request(`https://notes.example${path}`))
  begun.next = { status: fromNext.status, location: fromNext.headers.get('Location')! }

  const expected = { status: 303, location: expect.stringContaining(`${provider.origin}/oauth/authorize?`) }
  expect(begun).toEqual({ express: expected, fastify: expected, hono: expected, next: expected })
})

it('the hook for Express reads the session that middleware has put on the request', async () => {
  const hooks = (await runCode('', `({ ${codeAfter(GUIDE, 'With Express, a hook').replace(/^import .*/m, '')} })`, {
    expressRequest,
  })) as Parameters<typeof createTestApp>[1]
  const { connect } = createTestApp(provider, hooks)
  const expressApp = express()
  let asked = 0
  expressApp.use((request, _, next) => {
    Object.defineProperty(request, 'session', {
      get() {
        asked++
        return { accountId: 'account of the session' }
      },
    })
    next()
  })
  expressApp.use(expressConnect(connect))
  const server = expressApp.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await fetch(`http://127.0.0.1:${port}/connect/start`, {
    method: 'POST',
    headers: { Origin: `http://127.0.0.1:${port}`, 'Sec-Fetch-Site': 'same-origin' },
    redirect: 'manual',
  })
  expect(asked).toBeGreaterThan(0)
})

it('the provider of the guide begins installs at its own addresses and reads its own identities', async () => {
  const code = codeAfter('docs/connect/providers.md', 'A provider is an object.')
  const acme = (await runCode(code, 'provider', {})) as Provider
  const { connect } = createTestApp(provider, { provider: acme })
  const { url } = await connect.authorize()
  expect(String(url)).toMatch(/^https:\/\/id\.acme\.example\/authorize\?/)
  expect(acme.readIdentity!({ id: 5, name: 'Ann', organization: { id: 7, name: 'Acme' } }, {} as never)).toMatchObject({
    companyId: 7,
    userId: 5,
    companyName: 'Acme',
  })
})

it('the official SDK of Pipedrive reads who the user is with the lines of the guide to moving', async () => {
  const served = await serveTestProvider({ redirectUri: APP_CALLBACK })
  onTestFinished(() => served.close())
  const { connect } = createTestApp(served, { fetch })
  await served.install(connect, { ...BOND, company: 2 })
  const shown = await runCode(codeAfter('docs/connect/moving.md', 'With the official SDK'), 'data', {
    v1,
    apiDomain: served.origin,
    connect,
    ...AT_EXPORTS,
  })
  expect(shown).toMatchObject({ id: 777, company_id: 2 })
})

it('the loop over the checks of a store makes one test of each', async () => {
  const titles: string[] = []
  const runs: (() => Promise<void>)[] = []
  await runCode(codeAfter('docs/connect/stores.md', 'in any test runner'), '0', {
    conformanceChecks,
    myStore: memoryStore(),
    it(title: string, run: () => Promise<void>) {
      titles.push(title)
      runs.push(run)
    },
  })
  expect(new Set(titles).size).toBe(conformanceChecks.length)
  for (const run of runs) await run()
})
