import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { askForReset, provider, server, useMail } from '../../../../tests/support/mail-server.ts'
import { BOND_EMAIL, MINUTE, MONEYPENNY_EMAIL, startProvider } from '../../../../tests/support/provider.ts'
import { queueMail } from './outbox.ts'

describe('mail', () => {
  let logged: string[]
  useMail(() => {
    logged = []
    return { logger: pino({ level: 'trace' }, { write: line => void logged.push(line) }) }
  })

  it('[OA-36] no link and no address is in the database in plain text', async () => {
    await provider.runtime.store.write([
      await queueMail(
        { ...provider.runtime, clock: () => provider.now() + 60 * MINUTE },
        { kind: 'password', email: BOND_EMAIL, language: 'en' },
      ),
    ])
    const rows = await provider.runtime.store.db.selectFrom('outbox').select('sealed').execute()
    expect(rows).toHaveLength(1)
    expect(rows[0]!.sealed).not.toContain('bond')
  })

  it.each([
    ['is sent', 250, 0],
    ['is to be tried again', 451, 1],
    ['is refused', 550, 1],
  ])('[OA-36] no link and no address is in the log, where a mail %s', async (_what, code, times) => {
    server.refusal = { code, times }
    const address = encodeURIComponent(BOND_EMAIL)
    await askForReset(provider.person(), BOND_EMAIL)
    await expect.poll(() => server.received.length + logged.filter(line => line.includes('"a mail ')).length).toBe(1)
    if (times > 0) expect(logged.join('')).toContain(`"responseCode":${code}`)
    for (const secret of [BOND_EMAIL, address, 'token=']) expect(logged.join('')).not.toContain(secret)
  })

  it('a mail server that is busy is asked again, and one that refuses the address is not', async () => {
    server.refusal = { code: 451, times: 2 }
    await askForReset(provider.person(), BOND_EMAIL)
    const pending = async () =>
      (await provider.runtime.store.db.selectFrom('outbox').select('attempts').execute()).map(row => row.attempts)
    await expect.poll(pending).toEqual([1])
    provider.pass(MINUTE)
    await expect.poll(pending).toEqual([2])
    provider.pass(MINUTE)
    await server.mails(1)
    server.refusal = { code: 550, times: 1 }
    await askForReset(provider.person(), MONEYPENNY_EMAIL)
    await expect.poll(() => server.refusal!.times).toBe(0)
    await expect.poll(pending).toEqual([])
    expect(server.received).toHaveLength(1)
  })
})

describe('without a mail server', () => {
  it('nothing is offered that needs mail', async () => {
    const provider = await startProvider()
    const browser = provider.person()
    expect((await browser.open('/sign-in')).html).not.toContain('/forgotten-password')
    for (const path of ['/forgotten-password', '/reset-password']) expect((await browser.open(path)).status).toBe(404)
    await provider.close()
  })
})
