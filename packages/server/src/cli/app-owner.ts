import type { Command } from 'commander'
import { addAppOwner, removeAppOwner, requireDevelopingCompany } from '../apps/app-owners.ts'
import { changeApp } from '../apps/apps.ts'
import { InputError } from '../companies/input.ts'
import { listAppOwners } from '../store/queries/app-owners.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { parseId } from './arguments.ts'
import { formatMoment, print } from './output.ts'

interface OwnerOptions extends AdministrationOptions {
  user: number
}

/** Apps that companies develop: who may change them, and whom they are for. */
export function addAppOwnerCommands(app: Command) {
  const owner = app.command('owner').description('the people who may change an app that their company develops')
  const ofUser = (command: Command) =>
    administer(command).argument('<client-id>').requiredOption('--user <id>', 'the user', parseId)

  ofUser(owner.command('add').description('let a member of that company change the app')).action(
    async (clientId: string, options: OwnerOptions) => {
      await withRuntime(options, runtime => addAppOwner(runtime, { clientId, userId: options.user }))
      const facts = { client_id: clientId, user_id: options.user, owner: true }
      print(options, facts, `User ${options.user} is an owner of ${clientId}.`)
    },
  )

  ofUser(owner.command('remove').description('take that back; the next page is refused')).action(
    async (clientId: string, options: OwnerOptions) => {
      const removed = await withRuntime(options, runtime => removeAppOwner(runtime, { clientId, userId: options.user }))
      if (!removed) throw new InputError(`User ${options.user} is no owner of ${clientId}.`)
      const facts = { client_id: clientId, user_id: options.user, owner: false }
      print(options, facts, `User ${options.user} is no owner of ${clientId} any more.`)
    },
  )

  administer(owner.command('list').description('who they are'))
    .argument('<client-id>')
    .action(async (clientId: string, options: AdministrationOptions) => {
      const rows = await withRuntime(options, async runtime => {
        const company_id = await requireDevelopingCompany(runtime, clientId)
        return listAppOwners(runtime.store, { company_id, client_id: clientId })
      })
      const facts = rows.map(({ user_id, name, added_at }) => ({ user_id, name, since: formatMoment(added_at) }))
      const lines = facts.map(({ user_id, name, since }) => `${user_id}  ${name}  ${since}`)
      print(options, facts, lines.length > 0 ? lines.join('\n') : 'It has no owners.')
    })

  administer(app.command('publish').description('open an app that a company develops to all companies, for good'))
    .argument('<client-id>')
    .action(async (clientId: string, options: AdministrationOptions) => {
      await withRuntime(options, async runtime => {
        await requireDevelopingCompany(runtime, clientId)
        await changeApp(runtime, clientId, { published: true })
      })
      print(options, { client_id: clientId, published: true }, `${clientId} is open to all companies.`)
    })
}
