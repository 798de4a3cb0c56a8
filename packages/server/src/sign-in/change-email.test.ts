import { describe, expect, it } from 'vitest'
import {
  askForReset,
  provider,
  type Received,
  resetLink,
  server,
  textOf,
  useMail,
  waitingMails,
} from '../../../../tests/support/mail-server.ts'
import { BOND_EMAIL, MONEYPENNY, MONEYPENNY_EMAIL, PASSWORD } from '../../../../tests/support/provider.ts'
import { setUser } from '../companies/users.ts'

describe('another e-mail to sign in with', () => {
  useMail()

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
    const [mail] = await server.mails(1)
    expect(mail!.to).toEqual([NEW])
    // Nothing changes before.
    await provider.person().signIn()
    const other = provider.person()
    const confirm = await other.open(confirming(mail!))
    expect(confirm.text).toContain(`${NEW} instead of ${BOND_EMAIL}`)
    expect((await other.submitAndFollow(confirm, {})).text).toContain(`You sign in with ${NEW} now`)
    expect((await browser.request('/account')).status).toBe(303)
    expect((await server.mails(2))[1]!.to).toEqual([BOND_EMAIL])
    expect((await provider.person().signIn(NEW)).text).toContain('Connected apps')
    expect((await other.open(confirming(mail!))).status).toBe(410)
  })

  it('the password is asked for first, and what is no address or the same is said', async () => {
    expect((await wish(NEW, 'wrong password')).page.text).toContain('The password is not right')
    expect((await wish('a,b@evil.example')).page.text).toContain('not an e-mail')
    expect((await wish(BOND_EMAIL.toUpperCase())).page.text).toContain('not an e-mail')
    expect(server.received).toEqual([])
  })

  it('[OA-40] an address of another user is not told from a free one, and gets no mail', async () => {
    const taken = await wish(MONEYPENNY_EMAIL)
    expect(taken.page.text).toContain('A link is on its way')
    await expect.poll(() => waitingMails(provider)).toBe(0)
    expect(server.received).toEqual([])
  })

  it('an address that someone else takes meanwhile is theirs', async () => {
    await wish(NEW)
    const [mail] = await server.mails(1)
    await setUser(provider.runtime, MONEYPENNY, { email: NEW })
    const browser = provider.person()
    const answer = await browser.submit(await browser.open(confirming(mail!)), {})
    expect(answer.status).toBe(410)
    expect((await provider.person().signIn()).text).toContain('Connected apps')
  })

  it('a link that sets a password confirms no e-mail, nor the other way round', async () => {
    await wish(NEW)
    const [mail] = await server.mails(1)
    const token = confirming(mail!).split('token=')[1]!
    expect((await provider.person().open(`/reset-password?token=${token}`)).status).toBe(410)
    await askForReset(provider.person(), BOND_EMAIL)
    const reset = resetLink((await server.mails(2))[1]!).split('token=')[1]!
    expect((await provider.person().open(`/confirm-email?token=${reset}`)).status).toBe(410)
  })
})
