import { createAccount, createConnect, useAccount } from '@tenantry/connect'
import { expect, it } from 'vitest'
import { codeAfter, runCode } from '../support/fenced-blocks.ts'
import { AT_EXPORTS, BOND, createTestApp, KEY } from '../support/kit.ts'
import { app, provider, store, useKit } from '../support/kit-of-test.ts'

useKit()

it('the JavaScript of the README runs as written', async () => {
  await provider.install(app.connect, { ...BOND, company: 2 })
  const { clientId, clientSecret, fetch } = provider.options
  const answer = await runCode(codeAfter('README.md', 'In JavaScript, `@tenantry/connect`'), 'answer', {
    createConnect: (options: Parameters<typeof createConnect>[0]) =>
      createConnect({ ...provider.options, ...options, fetch }),
    tenantry: () => provider.options.provider,
    process: { env: { CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, CONNECT_KEY: KEY } },
    sqliteStore: () => store,
    accounts: { create: () => 'account' },
    createAccount,
    useAccount,
  })
  expect(await (answer as Response).json()).toMatchObject({ data: { id: 777, company_id: 2 } })
})

it('the calls that the guide of the kit shows run as written', async () => {
  await provider.install(app.connect, { ...BOND, company: 2 })
  const { connect } = app
  const guide = 'docs/connect/README.md'
  const begun = (await runCode(codeAfter(guide, 'begin an install yourself'), '{ url, cookies }', { connect })) as {
    url: string
    cookies: string[]
  }
  expect(new URL(begun.url).searchParams.get('prompt')).toBe('login')
  expect(begun.cookies.length).toBeGreaterThan(0)

  const called = await runCode(codeAfter(guide, '## Calling the API'), '[answer.status, typeof token]', { connect })
  expect(called).toEqual([200, 'string'])

  const kept = await runCode(codeAfter(guide, 'those of quiet users alive'), '[refreshed, refused, failed]', {
    connect,
  })
  expect(kept).toEqual([0, 0, 0])

  const link = await connect.links.find(AT_EXPORTS)
  const shown = await runCode(codeAfter(guide, '## In their language'), '[locale.language, locale.direction]', {
    connect,
    link,
    request: new Request('https://notes.example/'),
  })
  expect(shown).toEqual(['en', 'ltr'])
})

it('the program in the guide to moving takes over the links of an earlier integration', async () => {
  await provider.install(app.connect, { ...BOND, company: 2 })
  const accessToken = await app.connect.accessToken(AT_EXPORTS)
  const { connect } = createTestApp(provider)
  const row = { apiDomain: provider.origin, accessToken, refreshToken: 'earlier', accountId: 'earlier account' }
  await runCode(codeAfter('docs/connect/moving.md', '## Taking the tokens along'), 'undefined', {
    connect,
    fetch: provider.options.fetch,
    oldTokens: async () => [{ ...row, expiresAt: provider.now() + 3_600_000, scope: 'base' }],
  })
  expect(await connect.links.find(AT_EXPORTS)).toMatchObject({ accountId: 'earlier account', status: 'active' })
})
