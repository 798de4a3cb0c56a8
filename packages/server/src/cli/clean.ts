import type { Command } from 'commander'
import { confirmClock } from '../config/clock-guard.ts'
import { cleanExpired } from '../store/queries/expired.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { type ConfirmationOptions, confirm, destructive } from './confirm.ts'
import { print } from './output.ts'

export function addCleanCommand(program: Command) {
  destructive(
    administer(
      program
        .command('clean')
        .description(
          'say that the clock is right, and delete what ran out a day ago; servers do that by themselves otherwise',
        ),
    ),
  ).action(async (options: AdministrationOptions & ConfirmationOptions) => {
    const now = Date.now()
    const isDone = await withRuntime(options, async ({ store }) => {
      const what = `It is ${new Date(now).toISOString()} by this machine's clock; sessions, codes and tokens that ran out a day before that are deleted`
      if (!(await confirm(options, what))) return undefined
      await confirmClock(store, now)
      return { cleaned: await cleanExpired(store, () => now) }
    })
    if (isDone === undefined) return
    print(
      options,
      isDone,
      isDone.cleaned ? 'Cleaned.' : 'The clock is confirmed. What ran out was cleaned less than a minute ago.',
    )
  })
}
