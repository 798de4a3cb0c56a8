import { once } from 'node:events'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  BOND_EMAIL,
  MINUTE,
  MONEYPENNY,
  MONEYPENNY_EMAIL,
  PASSWORD,
  SECRET,
  startProvider,
  type TestProvider,
} from '../../../../tests/support/provider.ts'
import { setUser } from '../companies/users.ts'
import { queueMail } from './outbox.ts'

interface Received {
  to: string[]
  raw: string
}

describe('mail', () => {
  let server: SMTPServer
  let received: Received[]
  /** What the mail server answers to a recipient, if not that it is fine. */
  let refusal: { code: number; times: number } | undefined
  let provider: TestProvider

  beforeEach(async () => {
    received = []
    refusal = undefined
    server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo(_, __, done) {
        if (!refusal || refusal.times === 0) return done()
        refusal.times -= 1
        return done(Object.assign(new Error('no'), { responseCode: refusal.code }))
      },
      onData(stream, session, done) {
        const chunks: Buffer[] = []
        stream.on('data', chunk => chunks.push(chunk))
        stream.on('end', () => {
          received.push({
            to: session.envelope.rcptTo.map(({ address }) => address),
            raw: Buffer.concat(chunks).toString(),
          })
          done()
        })
      },
    })
    server.listen(0, '127.0.0.1')
    await once(server.server, 'listening')
    const { port } = server.server.address() as { port: number }
    provider = await startProvider({ smtpUrl: `smtp://127.0.0.1:${port}`, mailFrom: 'id@mi6.example' })
  })
  afterEach(async () => {
    await provider.close()
    await new Promise<void>(resolve => server.close(() => resolve()))
  })

  /** As it reads, whatever its transfer encoding is. */
  const textOf = ({ raw }: Received) =>
    raw
      .replace(/=\r?\n/g, '')
      .replace(/(?:=[0-9A-F]{2})+/g, bytes => Buffer.from(bytes.replaceAll('=', ''), 'hex').toString())
  const linkIn = (mail: Received) => /\/reset-password\?token=\S+/.exec(textOf(mail))![0]
  const ask = async (email: string, address?: string) => {
    const browser = provider.person(address)
    return browser.submitAndFollow(await browser.open('/forgotten-password'), { email })
  }
  const left = async () => (await provider.runtime.store.db.selectFrom('outbox').select('mail_id').execute()).length
  const mails = async (count: number) => {
    await expect.poll(() => received.length).toBe(count)
    return received
  }

  it('a forgotten password is set by a link that is good once, and signs out everywhere', async () => {
    const elsewhere = provider.person()
    await elsewhere.signIn()
    expect((await ask(BOND_EMAIL)).text).toContain('If there is an account')
    const [mail] = await mails(1)
    expect(mail!.to).toEqual([BOND_EMAIL])
    const [browser, other] = [provider.person(), provider.person()]
    const page = await browser.open(linkIn(mail!))
    expect(page.text).toContain(BOND_EMAIL)
    const inOther = await other.open(linkIn(mail!))
    const done = await browser.submitAndFollow(page, { password: 'vesper-martini' })
    expect(done.text).toContain('Your password is changed')
    expect((await other.submit(inOther, { password: 'another-password' })).status).toBe(410)
    expect((await browser.open(linkIn(mail!))).status).toBe(410)
    expect((await elsewhere.request('/connected-apps')).status).toBe(303)
    expect((await provider.person().signIn(BOND_EMAIL, PASSWORD)).text).toContain('The e-mail or the password')
    expect((await provider.person().signIn(BOND_EMAIL, 'vesper-martini')).text).toContain('Connected apps')
    // And the person is told.
    expect(textOf((await mails(2))[1]!)).toContain('was changed')
  })

  /** What background jobs write meanwhile: it is about no one, or about the mail that waits already. */
  const OF_JOBS =
    /bearer_changes|"(leases|platform_figures|signing_keys|app_uses)"|^(update|delete from) "(audit_events|outbox)"/

  it('[OA-40] who asks for a link learns nothing of which accounts there are, and nothing is written that differs', async () => {
    const counted: number[] = []
    const pages: string[] = []
    for (const email of [BOND_EMAIL, 'no.one@mi6.example']) {
      const { store } = provider.runtime
      const write = store.write.bind(store)
      let statements = 0
      store.write = given => {
        statements += given.filter(({ sql }) => !OF_JOBS.test(sql)).length
        return write(given)
      }
      pages.push((await ask(email)).html.replace(/value="[^"]*"/g, ''))
      store.write = write
      counted.push(statements)
    }
    expect(pages[0]).toBe(pages[1])
    expect(counted[0]).toBe(counted[1])
    await mails(1)
    await expect.poll(left).toBe(0)
    expect(received).toHaveLength(1)
  })

  it('a link goes to the address that the user signs in with, whatever a company calls them', async () => {
    await ask('j.bond@universal-exports.example')
    expect((await mails(1))[0]!.to).toEqual([BOND_EMAIL])
  })

  it('a link is too old after half an hour, and ends with the next one and with another password', async () => {
    await ask(BOND_EMAIL)
    const first = linkIn((await mails(1))[0]!)
    // A minute at least lies between two.
    await ask(BOND_EMAIL)
    await expect.poll(left).toBe(0)
    expect(received).toHaveLength(1)
    provider.pass(2 * MINUTE)
    await ask(BOND_EMAIL)
    const second = linkIn((await mails(2))[1]!)
    expect((await provider.person().open(first)).status).toBe(410)
    const browser = provider.person()
    expect((await browser.open(second)).status).toBe(200)
    provider.pass(31 * MINUTE)
    expect((await browser.open('/reset-password')).status).toBe(410)
  })

  it('a link of one user opens nothing of another, and made-up ones open nothing', async () => {
    await ask(BOND_EMAIL)
    const [, secret] = linkIn((await mails(1))[0]!).split('.')
    for (const token of [`779.${secret}`, `777.${secret}x`, '777.', 'x', `${'9'.repeat(30)}.${secret}`, '']) {
      const page = await provider.person().open(`/reset-password?token=${encodeURIComponent(token)}`)
      expect([token, page.status]).toEqual([token, 410])
    }
  })

  it('a secret leaves the address at once, and the page sends no referrer', async () => {
    await ask(BOND_EMAIL)
    const browser = provider.person()
    const answer = await browser.request(linkIn((await mails(1))[0]!))
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/reset-password'])
    const page = await browser.open('/reset-password')
    expect(page.headers.get('Referrer-Policy')).toMatch(/no-referrer/)
    expect(page.html).not.toContain(linkIn(received[0]!).split('.')[1])
  })

  it('a password that is too short changes nothing, and the link is still good', async () => {
    await ask(BOND_EMAIL)
    const browser = provider.person()
    const page = await browser.open(linkIn((await mails(1))[0]!))
    const refused = await browser.submitAndFollow(page, { password: 'short' })
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('at least 8 characters')])
    expect((await browser.submitAndFollow(refused, { password: 'long enough' })).text).toContain('is changed')
  })

  it('two browsers that use a link at once set one password', async () => {
    await ask(BOND_EMAIL)
    const link = linkIn((await mails(1))[0]!)
    const browsers = await Promise.all(
      [1, 2, 3, 4].map(async number => {
        const browser = provider.person()
        return { browser, page: await browser.open(link), password: `password number ${number}` }
      }),
    )
    const answers = await Promise.all(browsers.map(({ browser, page, password }) => browser.submit(page, { password })))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 410, 410, 410])
  })

  it('[OA-36] no link and no address is in the database in plain text, nor in the log', async () => {
    await provider.runtime.store.write([
      await queueMail(
        { ...provider.runtime, clock: () => provider.now() + 60 * MINUTE },
        {
          kind: 'password',
          email: BOND_EMAIL,
          language: 'en',
        },
      ),
    ])
    const rows = await provider.runtime.store.db.selectFrom('outbox').select('sealed').execute()
    expect(rows).toHaveLength(1)
    expect(rows[0]!.sealed).not.toContain('bond')
    expect(SECRET).not.toBe('')
  })

  it('a mail server that is busy is asked again, and one that refuses the address is not', async () => {
    refusal = { code: 451, times: 2 }
    await ask(BOND_EMAIL)
    const pending = async () =>
      (await provider.runtime.store.db.selectFrom('outbox').select('attempts').execute()).map(row => row.attempts)
    await expect.poll(pending).toEqual([1])
    provider.pass(MINUTE)
    await expect.poll(pending).toEqual([2])
    provider.pass(MINUTE)
    await mails(1)
    refusal = { code: 550, times: 1 }
    await ask(MONEYPENNY_EMAIL)
    await expect.poll(() => refusal!.times).toBe(0)
    await expect.poll(pending).toEqual([])
    expect(received).toHaveLength(1)
  })

  describe('another e-mail to sign in with', () => {
    const NEW = 'double-o-seven@mi6.example'
    const wish = async (email: string, password = PASSWORD, browser = provider.person()) => {
      await browser.signIn()
      const page = await browser.open('/account')
      return {
        browser,
        page: await browser.submitAndFollow(page, { email, password }, 'form[action="/account/email"]'),
      }
    }
    const confirming = (mail: Received) => /\/confirm-email\?token=\S+/.exec(textOf(mail))![0]

    it('another e-mail is taken once its owner has confirmed it, signs out everywhere, and the earlier one hears of it', async () => {
      const { browser, page } = await wish(NEW)
      expect(page.text).toContain('A link is on its way')
      const [mail] = await mails(1)
      expect(mail!.to).toEqual([NEW])
      // Nothing changes before.
      await provider.person().signIn()
      const other = provider.person()
      const confirm = await other.open(confirming(mail!))
      expect(confirm.text).toContain(`${NEW} instead of ${BOND_EMAIL}`)
      expect((await other.submitAndFollow(confirm, {})).text).toContain(`You sign in with ${NEW} now`)
      expect((await browser.request('/account')).status).toBe(303)
      expect((await mails(2))[1]!.to).toEqual([BOND_EMAIL])
      expect((await provider.person().signIn(NEW)).text).toContain('Connected apps')
      expect((await other.open(confirming(mail!))).status).toBe(410)
    })

    it('the password is asked for first, and what is no address or the same is said', async () => {
      expect((await wish(NEW, 'wrong password')).page.text).toContain('The password is not right')
      expect((await wish('a,b@evil.example')).page.text).toContain('not an e-mail')
      expect((await wish(BOND_EMAIL.toUpperCase())).page.text).toContain('not an e-mail')
      expect(received).toEqual([])
    })

    it('[OA-40] an address of another user is not told from a free one, and gets no mail', async () => {
      const taken = await wish(MONEYPENNY_EMAIL)
      expect(taken.page.text).toContain('A link is on its way')
      await expect.poll(left).toBe(0)
      expect(received).toEqual([])
    })

    it('an address that someone else takes meanwhile is theirs', async () => {
      await wish(NEW)
      const [mail] = await mails(1)
      await setUser(provider.runtime, MONEYPENNY, { email: NEW })
      const browser = provider.person()
      const answer = await browser.submit(await browser.open(confirming(mail!)), {})
      expect(answer.status).toBe(410)
      expect((await provider.person().signIn()).text).toContain('Connected apps')
    })

    it('a link that sets a password confirms no e-mail, nor the other way round', async () => {
      await wish(NEW)
      const [mail] = await mails(1)
      const token = confirming(mail!).split('token=')[1]!
      expect((await provider.person().open(`/reset-password?token=${token}`)).status).toBe(410)
      await ask(BOND_EMAIL)
      const reset = linkIn((await mails(2))[1]!).split('token=')[1]!
      expect((await provider.person().open(`/confirm-email?token=${reset}`)).status).toBe(410)
    })
  })

  it('too many wishes for one account are refused for a while', async () => {
    let last = 0
    for (let index = 0; index < 12; index++) last = (await ask(BOND_EMAIL, '203.0.113.7')).status
    expect(last).toBe(429)
    expect((await ask(MONEYPENNY_EMAIL, '203.0.113.8')).status).toBe(200)
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
