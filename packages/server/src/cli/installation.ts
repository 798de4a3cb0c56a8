import type { Command } from 'commander'
import { removeInstallation } from '../apps/installations.ts'
import { InputError } from '../companies/input.ts'
import { type InstallationView, listInstallations } from '../store/queries/installations.ts'
import { listPendingCallbacks, type UninstallCallbackRow } from '../store/queries/uninstall-callbacks.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { given, parseId } from './arguments.ts'
import { type ConfirmationOptions, confirm, destructive } from './confirm.ts'
import { type ListOptions, listing, pageOf, printPage } from './lists.ts'
import { formatMoment, print, type Row } from './output.ts'

interface InstallationOptions extends AdministrationOptions {
  company: number
  user: number
  client: string
}

export function addInstallationCommands(program: Command) {
  const installation = program
    .command('installation')
    .description('installations: an app allowed by a user at a company')

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

function describe(row: InstallationView): Row {
  return {
    company_id: row.company_id,
    user_id: row.user_id,
    client_id: row.client_id,
    status: 'installed',
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
    scopes: [],
    since: formatMoment(row.ended_at),
    uninstall_attempts: row.attempts,
    next_attempt_at: gaveUp ? null : formatMoment(row.next_attempt_at),
    last_error: row.last_error,
  }
}
