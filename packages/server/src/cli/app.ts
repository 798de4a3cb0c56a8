import type { Command } from 'commander'
import { findRegisteredApp, setDisabled, toApp } from '../apps/apps.ts'
import { listSecrets, rotateSecret } from '../apps/client-secrets.ts'
import { deleteApp } from '../apps/delete-app.ts'
import { findLookAlikes } from '../apps/look-alikes.ts'
import { InputError } from '../companies/input.ts'
import { listApps } from '../store/queries/apps.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { describeApp, describeSecret } from './app-facts.ts'
import { addAppOwnerCommands } from './app-owner.ts'
import { addCreateCommand, addSetCommand } from './app-registration.ts'
import { parseDuration } from './arguments.ts'
import { type ConfirmationOptions, confirm, destructive } from './confirm.ts'
import { type ListOptions, listing, pageOf, printPage } from './lists.ts'
import { formatMoment, print, printFacts } from './output.ts'

export function addAppCommands(program: Command) {
  const app = program.command('app').description('apps: registered OAuth clients')

  addCreateCommand(app)

  listing(administer(app.command('list').description('apps, the oldest first')))
    .option('--search <text>', 'only those whose name or client id holds it')
    .action(async (options: ListOptions & { search?: string }) => {
      const query = { ...pageOf(options), ...(options.search !== undefined && { search: options.search }) }
      const rows = await withRuntime(options, runtime => listApps(runtime.store, query))
      printPage(options, rows.map(toApp).map(describeApp), 'There are no apps yet.')
    })

  administer(app.command('show').description('one app, with the age and the last use of its client secrets'))
    .argument('<client-id>')
    .action(async (clientId: string, options: AdministrationOptions) => {
      const facts = await withRuntime(options, async runtime => {
        const found = await findRegisteredApp(runtime, clientId)
        if (!found) throw new InputError(`There is no app ${clientId}.`)
        const looks_like = (await findLookAlikes(runtime, found)).map(({ client_id }) => client_id)
        return { ...describeApp(found), looks_like, secrets: (await listSecrets(runtime, found)).map(describeSecret) }
      })
      printFacts(options, facts)
    })

  addSetCommand(app)
  addAppOwnerCommands(app)

  destructive(
    administer(app.command('delete').description('remove an app with its installations, tokens and pending callbacks')),
  )
    .argument('<client-id>')
    .action(async (clientId: string, options: AdministrationOptions & ConfirmationOptions) => {
      await withRuntime(options, async runtime => {
        const found = await findRegisteredApp(runtime, clientId)
        if (!found) throw new InputError(`There is no app ${clientId}.`)
        if (!(await confirm(options, `The app ${clientId}, ${found.name}, loses its installations and is deleted`)))
          return
        const installations = await deleteApp(runtime, clientId)
        print(
          options,
          { client_id: clientId, deleted: true, installations },
          `App ${clientId} is deleted, with ${installations} installations.`,
        )
      })
    })

  administer(app.command('rotate-secret').description('give an app a new secret; the one before ends at once'))
    .argument('<client-id>')
    .option('--keep-old <time>', 'how long the one before is still accepted, such as 24h', parseDuration)
    .action(async (clientId: string, options: AdministrationOptions & { keepOld?: number }) => {
      const { keepOld = 0 } = options
      const secret = await withRuntime(options, runtime => rotateSecret(runtime, clientId, { keepOld }))
      const until = keepOld > 0 ? formatMoment(Date.now() + keepOld) : null
      print(
        options,
        { client_id: clientId, client_secret: secret, old_secret_until: until },
        [
          `client secret  ${secret}   (shown this once)`,
          ...(until ? [`The one before is accepted until ${until}.`] : []),
        ].join('\n'),
      )
    })

  for (const [name, disabled, description] of [
    ['disable', true, 'refuse the app and its tokens from the next request on'],
    ['enable', false, 'let a disabled app in again'],
  ] as const) {
    administer(app.command(name).description(description))
      .argument('<client-id>')
      .action(async (clientId: string, options: AdministrationOptions) => {
        await withRuntime(options, runtime => setDisabled(runtime, clientId, disabled))
        print(options, { client_id: clientId, disabled }, `App ${clientId} is ${disabled ? 'disabled' : 'enabled'}.`)
      })
  }
}
