import type { Command } from 'commander'
import { InputError } from '../companies/input.ts'
import { addOperator, removeOperator } from '../companies/operators.ts'
import { listOperators } from '../store/queries/operators.ts'
import { findUser } from '../store/queries/users.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { parseId } from './arguments.ts'
import { formatMoment, print } from './output.ts'

interface OperatorOptions extends AdministrationOptions {
  user: number
}

export function addOperatorCommands(program: Command) {
  const operator = program.command('operator').description('the people who may open the console of the platform')
  const ofUser = (command: Command) => administer(command).requiredOption('--user <id>', 'the user', parseId)

  ofUser(operator.command('add').description('let a user open the console of the platform, at /operator')).action(
    async (options: OperatorOptions) => {
      await withRuntime(options, runtime => addOperator(runtime, options.user))
      print(options, { user_id: options.user, operator: true }, `User ${options.user} is an operator.`)
    },
  )

  ofUser(operator.command('remove').description('take that back; the next page is refused')).action(
    async (options: OperatorOptions) => {
      const removed = await withRuntime(options, runtime => removeOperator(runtime, options.user))
      if (!removed) throw new InputError(`User ${options.user} is no operator.`)
      print(options, { user_id: options.user, operator: false }, `User ${options.user} is no operator any more.`)
    },
  )

  administer(operator.command('list').description('who they are')).action(async (options: AdministrationOptions) => {
    const rows = await withRuntime(options, async ({ store }) =>
      Promise.all(
        (await listOperators(store)).map(async ({ user_id, added_at }) => ({
          user_id,
          name: (await findUser(store, user_id))?.name ?? '',
          since: formatMoment(added_at),
        })),
      ),
    )
    const lines = rows.map(({ user_id, name, since }) => `${user_id}  ${name}  ${since}`)
    print(options, rows, lines.length > 0 ? lines.join('\n') : 'There are no operators.')
  })
}
