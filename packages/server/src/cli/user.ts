import type { Command } from 'commander'
import { requireCompany } from '../companies/companies.ts'
import { deleteUser } from '../companies/delete-user.ts'
import { canonicalEmail, emailForms } from '../companies/emails.ts'
import { eraseUser, exportUser } from '../companies/erase-user.ts'
import { createUser, requireUser, setActive, setUser, type UserChange } from '../companies/users.ts'
import type { Runtime } from '../config/runtime.ts'
import { forgetAttempts } from '../sign-in/attempt-limits.ts'
import { setPassword } from '../sign-in/password.ts'
import { listCompanyIdsOfUser, listMembers, listMembershipsOfUser } from '../store/queries/memberships.ts'
import { findUserByEmail, listUsers, type UserRow } from '../store/queries/users.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { given, parseId } from './arguments.ts'
import { type ConfirmationOptions, confirm, destructive } from './confirm.ts'
import { type ListOptions, listing, pageOf, printPage } from './lists.ts'
import { formatMoment, print, printFacts } from './output.ts'
import { readPassword } from './password-input.ts'

export function addUserCommands(program: Command) {
  const user = program.command('user').description('users: people, one id everywhere')

  administer(user.command('create').description('make a user; `member add` makes them a member somewhere'))
    .requiredOption('--email <email>', 'to sign in with')
    .requiredOption('--name <name>')
    .option('--locale <tag>', 'language and country', 'en_US')
    .option('--timezone <name>', 'such as Europe/Helsinki; UTC when not given')
    .action(
      async (options: AdministrationOptions & { email: string; name: string; locale: string; timezone?: string }) => {
        const { email, name, locale, timezone } = options
        const row = await withRuntime(options, runtime => createUser(runtime, { email, name, locale, timezone }))
        const next = `Set a password with \`tenantry user set-password ${row.user_id}\`.`
        print(options, describe(row, []), `Made user ${row.user_id}, ${row.email}. ${next}`)
      },
    )

  listing(administer(user.command('list').description('users, in the order of their ids')))
    .option('--company <id>', 'only members of this company', parseId)
    .option('--email <email>', 'only the one who signs in with it')
    .option('--search <text>', 'only those whose name or e-mail holds it')
    .action(async (options: UserListOptions) => {
      const rows = await withRuntime(options, async ({ store }) => {
        const users = await findUsers(store, options)
        return Promise.all(users.map(async row => describe(row, await listCompanyIdsOfUser(store, row.user_id))))
      })
      printPage(options, rows, 'There are no such users.')
    })

  administer(user.command('show').description('one user, with their memberships'))
    .argument('<user-id>', '', parseId)
    .action(async (userId: number, options: AdministrationOptions) => {
      const facts = await withRuntime(options, async ({ store }) => {
        const row = await requireUser(store, userId)
        const memberships = await listMembershipsOfUser(store, userId)
        return {
          ...describe(
            row,
            memberships.map(({ company_id }) => company_id),
          ),
          has_password: row.password_hash !== null,
          memberships: memberships.map(({ company_id, company_name, name, email, active, is_admin }) => ({
            company_id,
            company_name,
            name,
            email,
            active: active === 1,
            is_admin: is_admin === 1,
          })),
        }
      })
      printFacts(options, facts)
    })

  administer(user.command('set').description('change a user; what companies know of them is changed by `member set`'))
    .argument('<user-id>', '', parseId)
    .option('--email <email>', 'to sign in with')
    .option('--name <name>')
    .option('--locale <tag>', 'language and country, such as et_EE')
    .option('--timezone <name>', 'such as Europe/Helsinki')
    .action(async (userId: number, options: AdministrationOptions & UserChange) => {
      const { email, name, locale, timezone } = options
      const row = await withRuntime(options, async runtime => {
        const changed = await setUser(runtime, userId, given({ email, name, locale, timezone }))
        return describe(changed, await listCompanyIdsOfUser(runtime.store, userId))
      })
      print(options, row, `User ${userId} is changed.`)
    })

  for (const [name, active, description] of [
    ['deactivate', false, 'sign a user out and refuse their tokens everywhere'],
    ['activate', true, 'let a deactivated user in again'],
  ] as const) {
    administer(user.command(name).description(description))
      .argument('<user-id>', '', parseId)
      .action(async (userId: number, options: AdministrationOptions) => {
        await withRuntime(options, runtime => setActive(runtime, userId, active))
        print(options, { user_id: userId, active }, `User ${userId} is ${active ? 'active' : 'deactivated'}.`)
      })
  }

  administer(user.command('unlock').description('forget failed sign-ins, so that a user may try again at once'))
    .argument('<user-id>', '', parseId)
    .action(async (userId: number, options: AdministrationOptions) => {
      const forgotten = await withRuntime(options, async runtime => {
        const { email } = await requireUser(runtime.store, userId)
        return forgetAttempts(runtime, [canonicalEmail(email)])
      })
      const words = forgotten > 0 ? 'may try to sign in again at once' : 'had no failed attempts that count'
      print(options, { user_id: userId, unlocked: forgotten > 0 }, `User ${userId} ${words}.`)
    })

  destructive(
    administer(
      user.command('delete').description('delete a user permanently, with memberships, installations and sessions'),
    ),
  )
    .argument('<user-id>', '', parseId)
    .action(async (userId: number, options: AdministrationOptions & ConfirmationOptions) => {
      const isDone = await withRuntime(options, async runtime => {
        const { email } = await requireUser(runtime.store, userId)
        if (!(await confirm(options, `User ${userId}, ${email}, loses all memberships and is deleted`))) return false
        await deleteUser(runtime, userId)
        return true
      })
      if (!isDone) return
      print(options, { user_id: userId, deleted: true }, `User ${userId} is deleted. The id will not be given again.`)
    })

  administer(user.command('export').description('everything that is known of a person, as JSON, to be given to them'))
    .argument('<user-id>', '', parseId)
    .action(async (userId: number, options: AdministrationOptions) => {
      const everything = await withRuntime(options, runtime => exportUser(runtime, userId))
      console.log(JSON.stringify(everything, null, options.json ? undefined : 2))
    })

  destructive(
    administer(
      user
        .command('erase')
        .description('delete a user and remove everything that is known of them; the id is not given again'),
    ),
  )
    .argument('<user-id>', '', parseId)
    .action(async (userId: number, options: AdministrationOptions & ConfirmationOptions) => {
      const isDone = await withRuntime(options, async runtime => {
        if (!(await confirm(options, `Everything that is known of user ${userId} is removed`))) return false
        await eraseUser(runtime, userId)
        return true
      })
      if (isDone) print(options, { user_id: userId, erased: true }, `User ${userId} is erased.`)
    })

  administer(user.command('set-password').description('set a password, read from the terminal or standard input'))
    .argument('<user-id>', '', parseId)
    .action(async (userId: number, options: AdministrationOptions) => {
      const password = await readPassword()
      await withRuntime(options, runtime => setPassword(runtime, userId, password))
      print(
        options,
        { user_id: userId, password_set: true },
        `The password of user ${userId} is set; they are signed out everywhere.`,
      )
    })
}

interface UserListOptions extends ListOptions {
  company?: number
  email?: string
  search?: string
}

async function findUsers(store: Runtime['store'], options: UserListOptions): Promise<UserRow[]> {
  const { company, email, search } = options
  if (email !== undefined) {
    const user = await findUserByEmail(store, emailForms(email))
    return user ? [user] : []
  }
  const page = pageOf(options)
  if (company === undefined) return listUsers(store, { ...page, ...(search !== undefined && { search }) })
  await requireCompany(store, company)
  // A search goes through the members of one company; a page of them is what is asked for otherwise.
  const members = await listMembers(store, { companyId: company, ...(search === undefined && page) })
  const userIds = members.map(({ user_id }) => user_id)
  return listUsers(store, search === undefined ? { userIds } : { userIds, search, ...page })
}

function describe(row: UserRow, companies: number[]) {
  return {
    user_id: row.user_id,
    email: row.email,
    name: row.name,
    locale: row.locale,
    timezone: row.timezone,
    active: row.active === 1,
    companies,
    created_at: formatMoment(row.created_at),
  }
}
