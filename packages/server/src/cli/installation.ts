import { type Command, Option } from 'commander'
import {
  ACCESSES,
  AUDIENCES,
  type CompanyInstallationChange,
  changeCompanyInstallation,
  setMemberAccess,
} from '../apps/company-installations.ts'
import { removeInstallation } from '../apps/installations.ts'
import { InputError } from '../companies/input.ts'
import { type InstallationView, listInstallations } from '../store/queries/installations.ts'
import { listPendingCallbacks, type UninstallCallbackRow } from '../store/queries/uninstall-callbacks.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { collect, given, parseId } from './arguments.ts'
import { type ConfirmationOptions, confirm, destructive } from './confirm.ts'
import { type ListOptions, listing, pageOf, printPage } from './lists.ts'
import { formatMoment, print, type Row } from './output.ts'
import { UsageError } from './usage-error.ts'

interface CompanyOptions extends AdministrationOptions {
  company: number
  client: string
}

interface InstallationOptions extends CompanyOptions {
  user: number
}

export function addInstallationCommands(program: Command) {
  const installation = program
    .command('installation')
    .description('installations: an app allowed by a user at a company, or for the whole company')

  listing(
    administer(
      installation
        .command('list')
        .description('list installations, and ended ones whose uninstall callback is pending'),
    ),
  )
    .option('--company <id>', 'only at this company', parseId)
    .option('--user <id>', 'only of this user', parseId)
    .option('--client <id>', 'only of the app with this client id')
    .action(async (options: ListOptions & Partial<InstallationOptions>) => {
      const { company, user: userId, client: clientId } = options
      const only = given({ companyIds: company === undefined ? undefined : [company], userId, clientId })
      const [installed, pending] = await withRuntime(options, async ({ store }) => {
        const rows = await listInstallations(store, { ...only, ...pageOf(options) } as typeof only)
        const pending = options.page === 1 ? await listPendingCallbacks(store) : []
        const matching = pending.filter(
          row =>
            (company === undefined || row.company_id === company) &&
            (userId === undefined || row.user_id === userId) &&
            (clientId === undefined || row.client_id === clientId),
        )
        return [rows.map(describe), matching.map(describeCallback)]
      })
      printPage(options, installed!, 'Nothing is installed.', pending)
    })

  addCompanyCommands(installation)

  destructive(
    administer(
      installation
        .command('remove')
        .description('end an installation with its tokens; the app gets an uninstall callback'),
    ),
  )
    .requiredOption('--company <id>', 'the company', parseId)
    .requiredOption('--user <id>', 'the user', parseId)
    .requiredOption('--client <id>', 'the app’s client id')
    .action(async (options: InstallationOptions & ConfirmationOptions) => {
      const key = { company_id: options.company, user_id: options.user, client_id: options.client }
      const what = `User ${key.user_id} at company ${key.company_id} loses ${key.client_id}, with its tokens`
      if (!(await confirm(options, what, { canBeMadeAgain: true }))) return
      const removed = await withRuntime(options, runtime => removeInstallation(runtime, key))
      if (!removed)
        throw new InputError(`${key.client_id} is not installed by user ${key.user_id} at company ${key.company_id}.`)
      print(options, { ...key, removed: true }, 'The installation is removed.')
    })
}

/** For what is installed for a whole company. */
function addCompanyCommands(installation: Command) {
  const ofCompany = (command: Command) =>
    administer(command)
      .requiredOption('--company <id>', 'the company', parseId)
      .requiredOption('--client <id>', 'the app’s client id')

  ofCompany(
    installation
      .command('set')
      .description('change what an app that is installed for a company may do there, and for which members'),
  )
    .option('--scope <scope>', 'it keeps this; may be repeated, others are lost at once', collect)
    .addOption(
      new Option('--audience <members>', 'all but those who are excluded, or only named ones').choices([...AUDIENCES]),
    )
    .action(async (options: CompanyOptions & CompanyInstallationChange & { scope?: string[] }) => {
      const key = { company_id: options.company, client_id: options.client }
      const change = given({ scopes: options.scope, audience: options.audience })
      if (Object.keys(change).length === 0) throw new UsageError('Nothing to change. Give at least one option.')
      const row = await withRuntime(options, runtime => changeCompanyInstallation(runtime, key, change))
      const { user_id, scopes, audience } = row
      const facts = { ...key, user_id, scopes: storedScopes(scopes), audience }
      print(options, facts, `The installation of ${key.client_id} for company ${key.company_id} is changed.`)
    })

  ofCompany(
    installation
      .command('access')
      .description('name a member whom an app that is installed for the company may act for, or exclude one'),
  )
    .requiredOption('--user <id>', 'the member', parseId)
    .argument('<access>', `${ACCESSES.join(', ')}, or none to take it back`)
    .action(async (text: string, options: InstallationOptions) => {
      const access = ACCESSES.find(each => each === text) ?? null
      if (access === null && text !== 'none') {
        throw new UsageError(`${text} is none of ${ACCESSES.join(', ')} and none.`)
      }
      const key = { company_id: options.company, client_id: options.client, user_id: options.user }
      await withRuntime(options, runtime => setMemberAccess(runtime, key, access))
      print(options, { ...key, access }, `User ${key.user_id} and ${key.client_id}: ${access ?? 'as all members'}.`)
    })
}

function describe(row: InstallationView): Row {
  return {
    company_id: row.company_id,
    user_id: row.user_id,
    client_id: row.client_id,
    status: 'installed',
    kind: row.kind,
    scopes: storedScopes(row.scopes),
    since: formatMoment(row.created_at),
    uninstall_attempts: null,
    next_attempt_at: null,
    last_error: null,
  }
}

function describeCallback(row: UninstallCallbackRow): Row {
  const gaveUp = row.gave_up_at !== null
  return {
    company_id: row.company_id,
    user_id: row.user_id,
    client_id: row.client_id,
    status: gaveUp ? 'uninstall-given-up' : 'uninstall-pending',
    kind: row.kind,
    scopes: [],
    since: formatMoment(row.ended_at),
    uninstall_attempts: row.attempts,
    next_attempt_at: gaveUp ? null : formatMoment(row.next_attempt_at),
    last_error: row.last_error,
  }
}
