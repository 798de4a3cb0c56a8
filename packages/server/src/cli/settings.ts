import { Argument, type Command } from 'commander'
import { toJsonName } from '../config/json-name.ts'
import { type ChangedSettings, changeableSettings } from '../config/live-settings.ts'
import { SettingsError } from '../config/settings.ts'
import { changeSettings } from '../settings/change-settings.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { parseId } from './arguments.ts'
import { print, printRows } from './output.ts'
import { UsageError } from './usage-error.ts'

const names = new Map(changeableSettings.map(name => [toJsonName(name), name]))
const nameArgument = () => new Argument('<name>', 'which one').choices([...names.keys()])

export function addSettingsCommands(program: Command) {
  const settings = program.command('settings').description('settings that change while servers run')

  administer(settings.command('list').description('what was changed; the rest is as servers are configured')).action(
    async (options: AdministrationOptions) => {
      const changed = await withRuntime(options, async ({ store, liveSettings }) => {
        await liveSettings.load(store)
        return liveSettings.changed
      })
      printRows(options, describe(changed), 'Nothing was changed: all is as servers are configured.')
    },
  )

  administer(settings.command('set').description('change one; every server uses it within half a minute'))
    .addArgument(nameArgument())
    .argument('<number>', 'seconds, or days where the name says so', parseId)
    .action(async (name: string, value: number, options: AdministrationOptions) => {
      const changed = await change(options, name, value)
      print(options, describe(changed), `${name} is ${value}. Every server uses it within half a minute.`)
    })

  administer(settings.command('unset').description('go back to what servers are configured with'))
    .addArgument(nameArgument())
    .action(async (name: string, options: AdministrationOptions) => {
      const changed = await change(options, name, null)
      print(options, describe(changed), `${name} is as servers are configured, within half a minute.`)
    })
}

async function change(options: AdministrationOptions, name: string, value: number | null): Promise<ChangedSettings> {
  try {
    return await withRuntime(options, runtime => changeSettings(runtime, { [names.get(name)!]: value }))
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    throw new UsageError(error.mistakes.map(mistake => mistake.replace(/^\w+/, toJsonName)).join('\n'))
  }
}

function describe(changed: ChangedSettings) {
  return Object.entries(changed).map(([name, value]) => ({ name: toJsonName(name), value }))
}
