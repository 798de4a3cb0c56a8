import { describe, expect, it } from 'vitest'
import {
  askForReset,
  provider,
  resetLink,
  server,
  textOf,
  useMail,
  waitingMails,
} from '../../../../tests/support/mail-server.ts'
import { BOND_EMAIL, MINUTE, MONEYPENNY_EMAIL, PASSWORD } from '../../../../tests/support/provider.ts'

describe('a link that sets a password', () => {
  useMail()

  it('a forgotten password is set by a link that is good once, and signs out everywhere', async () => {
    const elsewhere = provider.person()
    await elsewhere.signIn()
    expect((await askForReset(provider.person(), BOND_EMAIL)).text).toContain('If there is an account')
    const [mail] = await server.mails(1)
    expect(mail!.to).toEqual([BOND_EMAIL])
    const [browser, other] = [provider.person(), provider.person()]
    const page = await browser.open(resetLink(mail!))
    expect(page.text).toContain(BOND_EMAIL)
    const inOther = await other.open(resetLink(mail!))
    const done = await browser.submitAndFollow(page, { password: 'vesper-martini' })
    expect(done.text).toContain('Your password is changed')
    expect((await other.submit(inOther, { password: 'another-password' })).status).toBe(410)
    expect((await browser.open(resetLink(mail!))).status).toBe(410)
    expect((await elsewhere.request('/connected-apps')).status).toBe(303)
    expect((await provider.person().signIn(BOND_EMAIL, PASSWORD)).text).toContain('The e-mail or the password')
    expect((await provider.person().signIn(BOND_EMAIL, 'vesper-martini')).text).toContain('Connected apps')
    // And the person is told.
    expect(textOf((await server.mails(2))[1]!)).toContain('was changed')
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
      pages.push((await askForReset(provider.person(), email)).html.replace(/value="[^"]*"/g, ''))
      store.write = write
      counted.push(statements)
    }
    expect(pages[0]).toBe(pages[1])
    expect(counted[0]).toBe(counted[1])
    await server.mails(1)
    await expect.poll(() => waitingMails(provider)).toBe(0)
    expect(server.received).toHaveLength(1)
  })

  it('a link goes to the address that the user signs in with, whatever a company calls them', async () => {
    await askForReset(provider.person(), 'j.bond@universal-exports.example')
    expect((await server.mails(1))[0]!.to).toEqual([BOND_EMAIL])
  })

  it('a link is too old after half an hour, and ends with the next one and with another password', async () => {
    await askForReset(provider.person(), BOND_EMAIL)
    const first = resetLink((await server.mails(1))[0]!)
    // A minute at least lies between two.
    await askForReset(provider.person(), BOND_EMAIL)
    await expect.poll(() => waitingMails(provider)).toBe(0)
    expect(server.received).toHaveLength(1)
    provider.pass(2 * MINUTE)
    await askForReset(provider.person(), BOND_EMAIL)
    const second = resetLink((await server.mails(2))[1]!)
    expect((await provider.person().open(first)).status).toBe(410)
    const browser = provider.person()
    expect((await browser.open(second)).status).toBe(200)
    provider.pass(31 * MINUTE)
    expect((await browser.open('/reset-password')).status).toBe(410)
  })

  it('a link of one user opens nothing of another, and made-up ones open nothing', async () => {
    await askForReset(provider.person(), BOND_EMAIL)
    const [, secret] = resetLink((await server.mails(1))[0]!).split('.')
    for (const token of [`779.${secret}`, `777.${secret}x`, '777.', 'x', `${'9'.repeat(30)}.${secret}`, '']) {
      const page = await provider.person().open(`/reset-password?token=${encodeURIComponent(token)}`)
      expect([token, page.status]).toEqual([token, 410])
    }
  })

  it('a secret leaves the address at once, and the page sends no referrer', async () => {
    await askForReset(provider.person(), BOND_EMAIL)
    const browser = provider.person()
    const answer = await browser.request(resetLink((await server.mails(1))[0]!))
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/reset-password'])
    const page = await browser.open('/reset-password')
    expect(page.headers.get('Referrer-Policy')).toMatch(/no-referrer/)
    expect(page.html).not.toContain(resetLink(server.received[0]!).split('.')[1])
  })

  it('a password that is too short changes nothing, and the link is still good', async () => {
    await askForReset(provider.person(), BOND_EMAIL)
    const browser = provider.person()
    const page = await browser.open(resetLink((await server.mails(1))[0]!))
    const refused = await browser.submitAndFollow(page, { password: 'short' })
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('at least 8 characters')])
    expect((await browser.submitAndFollow(refused, { password: 'long enough' })).text).toContain('is changed')
  })

  it('two browsers that use a link at once set one password', async () => {
    await askForReset(provider.person(), BOND_EMAIL)
    const link = resetLink((await server.mails(1))[0]!)
    const browsers = await Promise.all(
      [1, 2, 3, 4].map(async number => {
        const browser = provider.person()
        return { browser, page: await browser.open(link), password: `password number ${number}` }
      }),
    )
    const answers = await Promise.all(browsers.map(({ browser, page, password }) => browser.submit(page, { password })))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 410, 410, 410])
  })

  it('too many wishes for one account are refused for a while', async () => {
    let last = 0
    for (let index = 0; index < 12; index++)
      last = (await askForReset(provider.person('203.0.113.7'), BOND_EMAIL)).status
    expect(last).toBe(429)
    expect((await askForReset(provider.person('203.0.113.8'), MONEYPENNY_EMAIL)).status).toBe(200)
  })
})
