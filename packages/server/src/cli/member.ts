import type { Command } from 'commander'
import { requireCompany } from '../companies/companies.ts'
import { addMember, type MembershipProfile, removeMember, setMember } from '../companies/memberships.ts'
import { requireUser } from '../companies/users.ts'
import { listMembers, type MembershipRow } from '../store/queries/memberships.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { given, parseId, parseRole, parseYesOrNo } from './arguments.ts'
import { type ConfirmationOptions, confirm, destructive } from './confirm.ts'
import { type ListOptions, listing, pageOf, printPage } from './lists.ts'
import { formatMoment, print } from './output.ts'

interface MemberOptions extends AdministrationOptions {
  company: number
  user: number
  name?: string
  email?: string
  phone?: string
  locale?: string
  timezone?: string
  currency?: string
  admin?: boolean
  roleId?: number
  iconUrl?: string
  active?: boolean
}

export function addMemberCommands(program: Command) {
  const member = program.command('member').description('memberships: a user at a company')

  profileOptions(
    whom(member.command('add').description('make a user a member; what is not said is as the user has it')),
  ).action(async (options: MemberOptions) => {
    const row = await withRuntime(options, runtime =>
      addMember(runtime, { companyId: options.company, userId: options.user, ...profile(options) }),
    )
    print(options, describe(row), `User ${row.user_id} is a member of company ${row.company_id}.`)
  })

  profileOptions(whom(member.command('set').description('change what the company knows of its member'))).action(
    async (options: MemberOptions) => {
      const { company, user } = options
      const row = await withRuntime(options, runtime => setMember(runtime, company, user, profile(options)))
      print(options, describe(row), `User ${user} at company ${company} is changed.`)
    },
  )

  listing(administer(member.command('list').description('memberships, in the order of company and user ids')))
    .option('--company <id>', 'only of this company', parseId)
    .option('--user <id>', 'only of this user', parseId)
    .action(async (options: ListOptions & { company?: number; user?: number }) => {
      const { company: companyId, user: userId } = options
      const rows = await withRuntime(options, async ({ store }) => {
        if (companyId !== undefined) await requireCompany(store, companyId)
        if (userId !== undefined) await requireUser(store, userId)
        return listMembers(store, { companyId, userId, ...pageOf(options) })
      })
      printPage(options, rows.map(describe), 'There are no such members.')
    })

  destructive(
    whom(
      member
        .command('remove')
        .description('end a membership with its installations; their apps get uninstall callbacks'),
    ),
  ).action(async (options: MemberOptions & ConfirmationOptions) => {
    const { company, user } = options
    const what = `User ${user} is no longer a member of company ${company}, and loses the apps installed there`
    if (!(await confirm(options, what, { canBeMadeAgain: true }))) return
    await withRuntime(options, runtime => removeMember(runtime, company, user))
    const words = `User ${user} is no longer a member of company ${company}.`
    print(options, { company_id: company, user_id: user, removed: true }, words)
  })
}

function whom(command: Command): Command {
  return administer(command)
    .requiredOption('--company <id>', 'the company', parseId)
    .requiredOption('--user <id>', 'the user', parseId)
}

function profileOptions(command: Command): Command {
  return command
    .option('--name <name>', 'as this company knows them')
    .option('--email <email>', 'their address at this company')
    .option('--phone <number>')
    .option('--locale <tag>', 'language and country, such as et_EE')
    .option('--timezone <name>', 'such as Europe/Helsinki')
    .option('--currency <code>', 'such as EUR')
    .option('--admin <yes|no>', 'whether they administer the company', parseYesOrNo)
    .option('--role-id <number>', 'their role', parseRole)
    .option('--icon-url <url>', 'their picture')
    .option('--active <yes|no>', 'whether the membership counts', parseYesOrNo)
}

function profile(options: MemberOptions): MembershipProfile {
  const { name, email, phone, locale, timezone, currency, admin, roleId, iconUrl, active } = options
  const values = { name, email, phone, locale, timezone, currency, isAdmin: admin, roleId, iconUrl, active }
  return given(values)
}

function describe(row: MembershipRow) {
  return {
    company_id: row.company_id,
    user_id: row.user_id,
    name: row.name,
    email: row.email,
    phone: row.phone,
    locale: row.locale,
    timezone: row.timezone,
    currency: row.currency,
    is_admin: row.is_admin === 1,
    role_id: row.role_id,
    icon_url: row.icon_url,
    active: row.active === 1,
    created_at: formatMoment(row.created_at),
  }
}
