import { describe, expect, it } from 'vitest'
import { at, newPage, signIn, useSandboxInChromium } from './support/chromium-sandbox.ts'
import { expectSound } from './support/sound-page.ts'

describe('what comes by mail, in a real browser', () => {
  useSandboxInChromium()

  /** The link in the newest mail to someone, from the sandbox's own mailbox. */
  async function linkTo(email: string): Promise<string> {
    const page = await newPage()
    const mail = page.locator('section.app', { hasText: email }).first()
    const count = async () => {
      await page.goto(at('/sandbox/mailbox'))
      return mail.count()
    }
    await expect.poll(count).toBe(1)
    await expectSound(page, 'mailbox')
    const link = await mail.locator('a').getAttribute('href')
    await page.context().close()
    return link!
  }

  it('an administrator invites someone, who makes an account and joins, by keyboard alone', async () => {
    const page = await newPage()
    await page.goto(at('/company/1/members'))
    await signIn(page, 'james.bond@mi6.example')
    await page.waitForURL('**/members')
    await page.focus('input[name=email]')
    await page.keyboard.type('new.agent@mi6.example')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.textContent('main')).toContain('The invitation is on its way')
    await expectSound(page, 'members')
    const invited = await newPage()
    await invited.goto(await linkTo('new.agent@mi6.example'))
    expect(new URL(invited.url()).search).toBe('')
    expect(await invited.textContent('h1')).toContain('Join')
    await expectSound(invited, 'invitation')
    await invited.focus('input[name=name]')
    await invited.keyboard.type('New Agent')
    await invited.keyboard.press('Tab')
    await invited.keyboard.type('number nine')
    await invited.keyboard.press('Enter')
    await invited.waitForURL('**/account')
    expect(await invited.textContent('main')).toContain('MI6')
    await page.reload()
    expect(await page.textContent('main')).toContain('New Agent')
    for (const each of [page, invited]) await each.context().close()
  })

  it('a forgotten password is set by a link, without JavaScript and in Arabic', async () => {
    const page = await newPage({ locale: 'ar', javaScriptEnabled: true })
    await page.goto(at('/sign-in'))
    expect(await page.getAttribute('html', 'dir')).toBe('rtl')
    await page.click('a[href="/forgotten-password"]')
    await expectSound(page, 'forgotten password in Arabic')
    const plain = await newPage({ locale: 'ar', javaScriptEnabled: false })
    await plain.goto(at('/forgotten-password'))
    await plain.fill('input[name=email]', 'q@mi6.example')
    await plain.click('main form button[type=submit]')
    expect(await plain.getAttribute('html', 'lang')).toBe('ar')
    await page.goto(await linkTo('q@mi6.example'))
    await expectSound(page, 'new password in Arabic')
    await page.fill('input[name=password]', 'exploding pen')
    await page.click('main form button[type=submit]')
    await expectSound(page, 'password set in Arabic')
    await page.click('main a[role=button]')
    await signIn(page, 'q@mi6.example', 'exploding pen')
    await page.waitForURL('**/connected-apps')
    for (const each of [page, plain]) await each.context().close()
  })

  it('who was invited signs in with the account that they have, and joins with that', async () => {
    const page = await newPage()
    await page.goto(at('/company/1/members'))
    await signIn(page, 'james.bond@mi6.example')
    await page.fill('input[name=email]', 'auric@mi6.example')
    await page.click('form[action$=invite] button')
    const invited = await newPage()
    await invited.goto(await linkTo('auric@mi6.example'))
    await invited.click('main a[role=button]')
    await signIn(invited, 'auric.goldfinger@universal-exports.example')
    await invited.waitForURL('**/invitation')
    await expectSound(invited, 'joining')
    await invited.click('main form[action="/invitation"] button')
    await invited.waitForURL('**/account')
    expect(await invited.textContent('main')).toContain('auric@mi6.example')
    for (const each of [page, invited]) await each.context().close()
  })
})
