import type { Command } from 'commander'
import { createUser, deleteUser, setActive } from '../companies/users.ts'
import { setPassword } from '../sign-in/password.ts'
import { listCompanyIdsOfUser } from '../store/queries/memberships.ts'
import { listUsers, type UserRow } from '../store/queries/users.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { parseId } from './arguments.ts'
import { formatMoment, print, printRows } from './output.ts'
import { readPassword } from './password-input.ts'

export function addUserCommands(program: Command) {
  const user = program.command('user').description('users: people, one id everywhere')

  administer(user.command('create').description('make a user; `member add` makes them a member somewhere'))
    .requiredOption('--email <email>', 'to sign in with')
    .requiredOption('--name <name>')
    .option('--locale <ll_CC>', 'language and country', 'en_US')
    .option('--timezone <name>', 'such as Europe/Helsinki; UTC when not given')
    .action(
      async (options: AdministrationOptions & { email: string; name: string; locale: string; timezone?: string }) => {
        const { email, name, locale, timezone } = options
        const row = await withRuntime(options, runtime => createUser(runtime, { email, name, locale, timezone }))
        const next = `Set a password with \`tenantry user set-password ${row.user_id}\`.`
        print(options, describe(row, []), `Made user ${row.user_id}, ${row.email}. ${next}`)
      },
    )

  administer(user.command('list').description('all users')).action(async (options: AdministrationOptions) => {
    const rows = await withRuntime(options, async ({ store }) => {
      const users = await listUsers(store)
      return Promise.all(users.map(async row => describe(row, await listCompanyIdsOfUser(store, row.user_id))))
    })
    printRows(options, rows, 'There are no users yet.')
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

  administer(user.command('delete').description('end a user for ever: memberships, installations, sessions'))
    .argument('<user-id>', '', parseId)
    .action(async (userId: number, options: AdministrationOptions) => {
      await withRuntime(options, runtime => deleteUser(runtime, userId))
      print(options, { user_id: userId, deleted: true }, `User ${userId} is deleted. The id will not be given again.`)
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
