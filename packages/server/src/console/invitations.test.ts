import { setMember, setSuspended } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { beforeWrite } from '../../../../tests/support/before-write.ts'
import type { Person } from '../../../../tests/support/person.ts'
import {
  BOND,
  BOND_EMAIL,
  DAY,
  MI6,
  MONEYPENNY,
  MONEYPENNY_EMAIL,
  UNIVERSAL_EXPORTS,
} from '../../../../tests/support/provider.ts'
import { person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { type KeptMail, readMailbox } from '../mail/send-mails.ts'
import { listInvitations } from '../store/queries/invitations.ts'
import { findMembership, listCompanyIdsOfUser } from '../store/queries/memberships.ts'
import { findUserByEmail } from '../store/queries/users.ts'

const Q = 'q@mi6.example'

describe('invitations', () => {
  useProvider(() => ({ mailbox: true }))
  const members = `/company/${MI6}/members`
  const invite = async (email: string, fields: Record<string, string> = {}, browser: Person = person) =>
    browser.submitAndFollow(await browser.open(members), { email, ...fields })
  const mailTo = async (email: string): Promise<KeptMail> => {
    const find = async () => (await readMailbox(provider.runtime, 50)).find(({ to }) => to === email)
    await expect.poll(find).toBeDefined()
    return (await find())!
  }
  const linkTo = async (email: string) => /\/invitation\?token=\S+/.exec((await mailTo(email)).text)![0]
  const waiting = () => listInvitations(provider.runtime.store, MI6, 10)

  beforeEach(async () => {
    await person.signIn()
  })

  it('someone new makes an account by an invitation, with the role that it says, and is signed in', async () => {
    expect((await invite(Q, { is_admin: 'on' })).text).toContain('The invitation is on its way')
    const mail = await mailTo(Q)
    expect(mail.subject).toContain('James Bond')
    const browser = provider.person()
    const page = await browser.open(await linkTo(Q))
    expect(page.text).toContain('Join MI6')
    const joined = await browser.submitAndFollow(page, { name: 'Q', password: 'exploding pen' })
    expect(joined.text).toContain('MI6')
    const user = await findUserByEmail(provider.runtime.store, [Q])
    expect(await findMembership(provider.runtime.store, MI6, user!.user_id)).toMatchObject({
      is_admin: 1,
      email: Q,
      name: 'Q',
    })
    expect((await provider.person().signIn(Q, 'exploding pen')).text).toContain('Connected apps')
    expect(await waiting()).toEqual([])
    expect((await provider.person().open(await linkTo(Q))).status).toBe(410)
  })

  it('who has an account joins with it, by signing in themself, whatever address was invited', async () => {
    await setMember(provider.runtime, UNIVERSAL_EXPORTS, BOND, { isAdmin: true })
    const list = await person.open(`/company/${UNIVERSAL_EXPORTS}/members`)
    await person.submit(list, { email: 'eve@universal-exports.example' })
    const link = await linkTo('eve@universal-exports.example')
    const browser = provider.person()
    const page = await browser.open(link)
    expect(page.document.querySelector('main a[role=button]')!.getAttribute('href')).toBe(
      '/sign-in?return_to=%2Finvitation',
    )
    await browser.submit(await browser.open('/sign-in?return_to=/invitation'), {
      email: MONEYPENNY_EMAIL,
      password: 'shaken-not-stirred',
    })
    const join = await browser.open('/invitation')
    expect(join.text).toContain(`Eve Moneypenny (${MONEYPENNY_EMAIL})`)
    await browser.submit(join, {})
    const { store } = provider.runtime
    expect(await listCompanyIdsOfUser(store, MONEYPENNY)).toEqual([MI6, UNIVERSAL_EXPORTS])
    const row = await findMembership(store, UNIVERSAL_EXPORTS, MONEYPENNY)
    expect(row).toMatchObject({ email: 'eve@universal-exports.example', is_admin: 0 })
  })

  it('[OA-42] an address that has an account is linked to nothing before its owner signs in', async () => {
    await invite('m@mi6.example')
    const link = await linkTo('m@mi6.example')
    const { createUser } = await import('tenantry')
    const m = await createUser(provider.runtime, { email: 'm@mi6.example', name: 'M' })
    const browser = provider.person()
    const refused = await browser.submitAndFollow(await browser.open(link), { name: 'M', password: 'long enough' })
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('There is an account with')])
    expect(await findMembership(provider.runtime.store, MI6, m.user_id)).toBeUndefined()
    expect(await waiting()).toHaveLength(1)
  })

  it('only administrators of the company invite, and see who is invited', async () => {
    await invite(Q)
    const eve = provider.person()
    await eve.signIn(MONEYPENNY_EMAIL)
    expect((await eve.open(members)).status).toBe(403)
    const page = await person.open(members)
    for (const [path, fields] of [
      [`${members}/invite`, { email: 'evil@evil.example' }],
      [`${members}/withdraw`, { invitation: (await waiting())[0]!.invitation_id }],
    ] as const) {
      const form_token = page.document.querySelector('input[name=form_token]')!.getAttribute('value')!
      const post = (browser: Person, body: Record<string, string>) =>
        browser.request(path, {
          method: 'POST',
          headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams(body).toString(),
        })
      expect((await post(eve, { form_token, ...fields })).status).toBe(403)
      // Nor the administrator of one company at another, nor a form of another site.
      expect((await post(person, fields)).status).toBe(403)
      const elsewhere = path.replace(`/company/${MI6}`, `/company/${UNIVERSAL_EXPORTS}`)
      expect((await person.request(elsewhere, { method: 'POST', body: '' })).status).toBe(403)
    }
    expect(await waiting()).toHaveLength(1)
  })

  it('[OA-17] an administrator who is none any more in the commit invites no one else', async () => {
    const demote = () => setMember(provider.runtime, MI6, BOND, { isAdmin: false })
    const ran = beforeWrite(provider.runtime, /insert into "invitations"/, demote)
    await invite(Q)
    expect([ran(), await waiting()]).toEqual([true, []])
  })

  it('an invitation is over once it was taken back, is replaced by another one, or is a week old', async () => {
    await invite(Q)
    const first = await linkTo(Q)
    expect((await provider.person().open(first)).status).toBe(200)
    provider.pass(1000)
    await invite(Q.toUpperCase(), { is_admin: 'on' })
    expect(await waiting()).toHaveLength(1)
    expect((await provider.person().open(first)).status).toBe(410)
    await expect.poll(async () => (await waiting())[0]!.link_hash).not.toBeNull()
    const second = await linkTo(Q)
    const invited = provider.person()
    expect((await invited.open(second)).status).toBe(200)
    const list = await person.open(members)
    await person.submit(list, {}, 'form[action$="/withdraw"]')
    expect(await waiting()).toEqual([])
    expect((await invited.open('/invitation')).status).toBe(410)
    await invite('r@mi6.example')
    const late = await linkTo('r@mi6.example')
    provider.pass(7 * DAY + 1)
    expect((await provider.person().open(late)).status).toBe(410)
  })

  it('an invitation makes one member, however many accept it at once', async () => {
    await invite(Q)
    const link = await linkTo(Q)
    const browsers = await Promise.all(
      ['one', 'two', 'three'].map(async name => {
        const browser = provider.person()
        return { browser, page: await browser.open(link), name }
      }),
    )
    const answers = await Promise.all(
      browsers.map(({ browser, page, name }) => browser.submit(page, { name, password: `password ${name}` })),
    )
    expect(answers.map(({ status }) => status).filter(status => status === 303)).toHaveLength(1)
    expect(await provider.runtime.store.db.selectFrom('users').selectAll().execute()).toHaveLength(3)
  })

  it('an invitation to a suspended company, one of another company, and made-up ones open nothing', async () => {
    await invite(Q)
    const token = decodeURIComponent((await linkTo(Q)).split('token=')[1]!)
    const [company, id, secret] = token.split('.')
    for (const made of [`2.${id}.${secret}`, `${company}.${id}.x`, `${company}..${secret}`, 'x', '1.2', `1.${id}.`]) {
      const page = await provider.person().open(`/invitation?token=${encodeURIComponent(made)}`)
      expect([made, page.status]).toEqual([made, 410])
    }
    await setSuspended(provider.runtime, MI6, true)
    expect((await provider.person().open(`/invitation?token=${token}`)).status).toBe(410)
  })

  it('what is no address, and who is a member already, is said', async () => {
    expect((await invite('a,b@evil.example')).text).toContain('not an e-mail')
    expect((await invite(MONEYPENNY_EMAIL)).text).toContain('Eve Moneypenny is a member already')
    expect((await invite(BOND_EMAIL)).status).toBe(422)
    expect(await waiting()).toEqual([])
  })

  it('names of companies and people are shown as they are, and begin no header and no tag', async () => {
    const { store } = provider.runtime
    const name = 'MI6\r\nBcc: everyone@evil.example\r\n\r\n<script>alert(1)</script>'
    await store.write([
      {
        sql: store.db.updateTable('companies').set({ name }).where('company_id', '=', MI6).compile().sql,
        parameters: [name, MI6],
      },
    ])
    await invite(Q)
    expect((await mailTo(Q)).subject).not.toMatch(/[\r\n]/)
    const page = await provider.person().open(await linkTo(Q))
    expect(page.document.querySelector('main script')).toBeNull()
    expect((await person.open(members)).document.querySelector('main script')).toBeNull()
  })
})
