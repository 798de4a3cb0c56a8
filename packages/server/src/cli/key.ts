import type { Command } from 'commander'
import { recordEvent } from '../audit/record.ts'
import { describeMasterKeys } from '../config/key-facts.ts'
import type { Runtime } from '../config/runtime.ts'
import { listMasterKeys } from '../store/queries/master-keys.ts'
import { WriteConflict } from '../store/store.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { formatMoment, print, printRows } from './output.ts'
import { UsageError } from './usage-error.ts'

export function addKeyCommands(program: Command) {
  const key = program.command('key').description('keys that all nodes share, sealed in the database')

  administer(key.command('list').description('all keys; the secret parts are never shown')).action(
    async (options: AdministrationOptions) => {
      const keys = await withRuntime(options, async ({ store, clock }) =>
        describeMasterKeys(await listMasterKeys(store), clock()),
      )
      const rows = keys.map(({ keyId, state, createdAt, activeAt }) => ({
        key_id: keyId,
        state,
        created_at: formatMoment(createdAt),
        active_at: formatMoment(activeAt),
      }))
      printRows(options, rows, 'There are no keys yet.')
    },
  )

  administer(
    key
      .command('rotate')
      .description('make a new key; every node uses it two minutes later, earlier ones still verify'),
  ).action(async (options: AdministrationOptions) => {
    const { activeAt, keyId } = await withRuntime(options, async runtime => {
      return { activeAt: await rotate(runtime), keyId: runtime.keys.list()[0]!.keyId }
    })
    print(
      options,
      { key_id: keyId, active_at: formatMoment(activeAt) },
      `Made key ${keyId}. It is used from ${formatMoment(activeAt)} on.`,
    )
  })
}

async function rotate(runtime: Runtime): Promise<number> {
  try {
    return await runtime.keys.rotate([recordEvent(runtime, { action: 'key.rotated' })])
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error
    throw new UsageError('Another program made a key at the same time. See `tenantry key list`.')
  }
}
