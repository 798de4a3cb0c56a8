import { readFileSync } from 'node:fs'
import { deleteCompany, deleteUser } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { admin, useAdmin } from '../../../../tests/support/admin.ts'
import { BOND, BOND_EMAIL, MI6, MONEYPENNY, PASSWORD } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { hashPassword } from '../sign-in/password.ts'
import { findUser } from '../store/queries/users.ts'

const Q = { email: 'q@mi6.example', name: 'Q' }

describe('rows with ids of the platform', () => {
  useProvider()
  useAdmin()

  it('a company, a user and a member are created by the first PUT; the same PUT again changes nothing', async () => {
    const puts: [string, object][] = [
      ['/companies/900', { name: 'Q Branch', domain: 'q-branch', country: 'GB' }],
      ['/users/900', { ...Q, locale: 'en-GB', timezone: 'Europe/London' }],
      ['/companies/900/members/900', { is_admin: true, email: 'quartermaster@q.example' }],
    ]
    for (const [path, body] of puts) {
      const created = await admin('PUT', path, body)
      expect([path, created.status]).toEqual([path, 201])
      const changes = await countWrites(async () => {
        const again = await admin('PUT', path, body)
        expect([again.status, again.body]).toEqual([200, created.body])
        expect(again.headers.get('ETag')).toBe(created.headers.get('ETag'))
      })
      expect([path, changes]).toEqual([path, 0])
      const read = await admin('GET', path)
      expect([read.body, read.headers.get('ETag')]).toEqual([created.body, created.headers.get('ETag')])
    }
    expect((await admin('GET', '/companies/900/members/900')).body).toMatchObject({
      company_id: 900,
      user_id: 900,
      name: 'Q',
      email: 'quartermaster@q.example',
      locale: 'en_GB',
      timezone: 'Europe/London',
      is_admin: true,
      modified_at: null,
    })
  })

  it('a PUT replaces: what is left out is as for a new row', async () => {
    await admin('PUT', '/companies/900', {
      name: 'Q',
      domain: 'q',
      country: 'GB',
      industry: 'Gadgets',
      suspended: true,
    })
    await admin('PUT', '/companies/900', { name: 'Q', domain: 'q' })
    expect((await admin('GET', '/companies/900')).body).toMatchObject({
      country: null,
      industry: null,
      suspended: false,
    })
    await admin('PATCH', '/companies/900', { country: 'EE' })
    expect((await admin('GET', '/companies/900')).body).toMatchObject({ name: 'Q', country: 'EE' })
    await admin('PUT', `/companies/${MI6}/members/${MONEYPENNY}`, { phone: '007', role_id: 5 })
    await admin('PUT', `/companies/${MI6}/members/${MONEYPENNY}`, {})
    expect((await admin('GET', `/companies/${MI6}/members/${MONEYPENNY}`)).body).toMatchObject({
      phone: null,
      role_id: 1,
      name: 'Eve Moneypenny',
    })
  })

  it('what is suspended or deactivated is refused at the next request', async () => {
    const { access_token } = await client.tokens(await person.code(client, { company: MI6 }))
    const switches: [string, object, object][] = [
      [`/companies/${MI6}`, { suspended: true }, { suspended: false }],
      [`/users/${BOND}`, { active: false }, { active: true }],
      [`/companies/${MI6}/members/${BOND}`, { active: false }, { active: true }],
      [`/apps/${client.id}`, { disabled: true }, { disabled: false }],
    ]
    for (const [path, off, on] of switches) {
      expect((await admin('PATCH', path, off)).status).toBe(200)
      expect([path, (await client.me(access_token)).status]).toEqual([path, 401])
      expect((await admin('PATCH', path, on)).status).toBe(200)
      expect([path, (await client.me(access_token)).status]).toEqual([path, 200])
    }
  })

  it('the id of a deleted company or user is never given again', async () => {
    await admin('PUT', '/companies/900', { name: 'Q', domain: 'q' })
    await admin('PUT', '/users/900', Q)
    await deleteCompany(provider.runtime, 900)
    await deleteUser(provider.runtime, 900)
    for (const [path, body] of [
      ['/companies/900', { name: 'Q', domain: 'another' }],
      ['/users/900', { ...Q, email: 'another@q.example' }],
    ] as const) {
      const { status, body: problem } = await admin('PUT', path, body)
      expect([status, problem.detail]).toEqual([409, expect.stringContaining('never given again')])
      expect((await admin('GET', path)).status).toBe(404)
    }
    expect((await admin('POST', '/companies', { name: 'Q', domain: 'next' })).body.company_id).toBeGreaterThan(900)
  })

  it('a domain or an e-mail of another one is 409, and nothing is changed', async () => {
    expect((await admin('PUT', '/companies/900', { name: 'X', domain: 'casinoroyale' })).status).toBe(409)
    expect((await admin('PUT', '/users/900', { ...Q, email: BOND_EMAIL })).status).toBe(409)
    expect((await admin('PATCH', `/users/${MONEYPENNY}`, { email: BOND_EMAIL, name: 'Bond' })).status).toBe(409)
    expect((await admin('GET', `/users/${MONEYPENNY}`)).body.name).toBe('Eve Moneypenny')
    expect((await admin('GET', '/companies/900')).status).toBe(404)
    expect((await admin('PUT', '/companies/900/members/777', {})).status).toBe(404)
  })

  it('If-Match lets one of many changes at once win, and the others read again', async () => {
    const etag = (await admin('GET', `/users/${BOND}`)).headers.get('ETag')!
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        admin('PATCH', `/users/${BOND}`, { name: `Bond ${index}` }, { 'If-Match': etag }),
      ),
    )
    const won = answers.filter(({ status }) => status === 200)
    expect(won).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(7)
    expect((await admin('GET', `/users/${BOND}`)).body).toEqual(won[0]!.body)
  })

  it.each([
    ['/companies/900', { name: 'Q', domain: 'q' }, { name: 'R' }],
    ['/users/900', Q, { name: 'R' }],
    [`/companies/${MI6}/members/${MONEYPENNY}`, {}, { phone: '1' }],
  ])('If-Match and If-None-Match are obeyed at %s', async (path, put, patch) => {
    const exists = (await admin('GET', path)).status === 200
    expect((await admin('PUT', path, put, { 'If-Match': '*' })).status).toBe(exists ? 200 : 412)
    expect((await admin('PUT', path, put, { 'If-None-Match': '*' })).status).toBe(exists ? 412 : 201)
    const stale = (await admin('GET', path)).headers.get('ETag')!
    expect((await admin('PATCH', path, patch, { 'If-Match': stale })).status).toBe(200)
    expect((await admin('PATCH', path, put, { 'If-Match': stale })).status).toBe(412)
    expect((await admin('PUT', path, put, { 'If-Match': stale })).status).toBe(412)
    const fresh = (await admin('GET', path)).headers.get('ETag')!
    expect((await admin('PUT', path, put, { 'If-Match': `"other", W/${fresh}` })).status).toBe(200)
  })

  it('many first PUTs of one id at once make one row', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => admin('PUT', '/users/900', { ...Q, name: `Q ${index}` })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 201])
    const names = answers.map(({ body }) => body.name)
    expect(names).toContain((await admin('GET', '/users/900')).body.name)
  })

  it('a user who was imported with a hash signs in; the same hash again leaves a password set since', async () => {
    const passwordHash = await hashPassword('from elsewhere')
    const body = { ...Q, password_hash: passwordHash }
    expect((await admin('PUT', '/users/900', body)).body.has_password).toBe(true)
    await admin('PUT', `/companies/${MI6}/members/900`, {})
    const signIn = (password: string) => provider.person().code(client, { email: Q.email, password, company: MI6 })
    await expect(signIn('from elsewhere')).resolves.toMatch(/^tny_ac_/)
    expect((await admin('PUT', '/users/900/password', { password: PASSWORD })).status).toBe(204)
    await admin('PUT', '/users/900', body)
    await expect(signIn(PASSWORD)).resolves.toMatch(/^tny_ac_/)
    await admin('PUT', '/users/900', { ...Q, password_hash: await hashPassword('another one') })
    await expect(signIn('another one')).resolves.toMatch(/^tny_ac_/)
    expect(JSON.stringify(await admin('GET', '/users/900'))).not.toContain('argon2')
    expect((await admin('PUT', '/users/900', { ...Q, password_hash: 'plain' })).body.errors[0].field).toBe(
      'password_hash',
    )
  })

  /** How many writes reach the database meanwhile, the use of the key aside. */
  /** Background jobs and the use of a key write as well, to other tables or to the place of an event in its chain. */
  const OF_REQUESTS =
    /^(insert into|update|delete from) "(companies|users|memberships|user_companies|sign_in_emails)"|^insert into "audit_events"/

  async function countWrites(work: () => Promise<void>): Promise<number> {
    const { store } = provider.runtime
    const write = store.write.bind(store)
    let count = 0
    store.write = statements => {
      if (statements.some(({ sql }) => OF_REQUESTS.test(sql))) count += 1
      return write(statements)
    }
    try {
      await work()
    } finally {
      store.write = write
    }
    return count
  }
})

describe('a password that was imported with the hash of another system', () => {
  useProvider()
  useAdmin()

  it('a sign-in replaces the imported hash by one of ours, ends no session, and a sync of the same hash changes nothing', async () => {
    const { password, hashes } = JSON.parse(
      readFileSync(new URL('../../../../tests/fixtures/password-hashes.json', import.meta.url), 'utf8'),
    )
    const { hash } = hashes.find(({ source }: { source: string }) => source.includes('Devise'))
    const body = { email: 'q@mi6.example', name: 'Q', password_hash: hash }
    await admin('PUT', '/users/900', body)
    await admin('PUT', `/companies/${MI6}/members/900`, {})
    const stored = async () => (await findUser(provider.runtime.store, 900))!.password_hash!
    const signIn = (typed: string) =>
      provider.person().code(client, { email: body.email, password: typed, company: MI6 })
    await expect(signIn('wrong')).rejects.toThrow()
    expect(await stored()).toBe(hash)
    const first = provider.person()
    await first.code(client, { email: body.email, password, company: MI6 })
    const upgraded = await stored()
    expect(upgraded).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    await expect(signIn(password)).resolves.toMatch(/^tny_ac_/)
    expect((await first.request('/connected-apps')).status).toBe(200)
    expect((await admin('PUT', '/users/900', body)).status).toBe(200)
    expect(await stored()).toBe(upgraded)
    expect((await first.request('/connected-apps')).status).toBe(200)
  })
})
