import type { Command } from 'commander'
import { removeInstallation } from '../apps/installations.ts'
import { InputError } from '../companies/input.ts'
import { type InstallationView, listInstallations } from '../store/queries/installations.ts'
import { listUnheardCallbacks, type UninstallCallbackRow } from '../store/queries/uninstall-callbacks.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { parseId } from './arguments.ts'
import { formatMoment, print, printRows, type Row } from './output.ts'

interface InstallationOptions extends AdministrationOptions {
  company: number
  user: number
  client: string
}

export function addInstallationCommands(program: Command) {
  const installation = program
    .command('installation')
    .description('installations: an app allowed by a user at a company')

  administer(
    installation.command('list').description('all installations, and ended ones whose app has not heard of it yet'),
  ).action(async (options: AdministrationOptions) => {
    const rows = await withRuntime(options, async ({ store }) => [
      ...(await listInstallations(store)).map(describe),
      ...(await listUnheardCallbacks(store)).map(describeCallback),
    ])
    printRows(options, rows, 'Nothing is installed.')
  })

  administer(installation.command('remove').description('end an installation with its tokens; the app is told'))
    .requiredOption('--company <id>', 'the company', parseId)
    .requiredOption('--user <id>', 'the user', parseId)
    .requiredOption('--client <id>', 'the app’s client id')
    .action(async (options: InstallationOptions) => {
      const key = { company_id: options.company, user_id: options.user, client_id: options.client }
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
