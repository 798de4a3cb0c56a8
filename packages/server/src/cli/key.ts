import type { Command } from 'commander'
import { describeMasterKeys } from '../config/key-facts.ts'
import type { Runtime } from '../config/runtime.ts'
import { type RotatedKeys, rotateKeys } from '../openid/rotate-keys.ts'
import { listSigningKeyFacts } from '../openid/signing-keys.ts'
import { listMasterKeys } from '../store/queries/master-keys.ts'
import { WriteConflict } from '../store/store.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { formatMoment, print, printRows } from './output.ts'
import { UsageError } from './usage-error.ts'

export function addKeyCommands(program: Command) {
  const key = program.command('key').description('keys that all nodes share, sealed in the database')

  administer(key.command('list').description('all keys; the secret parts are never shown')).action(
    async (options: AdministrationOptions) => {
      const keys = await withRuntime(options, async ({ store, clock }) => [
        ...describeMasterKeys(await listMasterKeys(store), clock()).map(key => ({ ...key, use: 'everything else' })),
        ...(await listSigningKeyFacts({ store, clock })).map(key => ({ ...key, use: `ID tokens, ${key.algorithm}` })),
      ])
      const rows = keys.map(({ keyId, use, state, createdAt, activeAt }) => ({
        key_id: keyId,
        use,
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
      .description(
        'make new keys, those for ID tokens too; every node uses them once all have read them, earlier ones still verify',
      ),
  ).action(async (options: AdministrationOptions) => {
    const { activeAt, keyId, signingKeys } = await withRuntime(options, rotate)
    const signing = signingKeys.map(key => ({
      key_id: key.keyId,
      algorithm: key.algorithm,
      active_at: formatMoment(key.activeAt),
    }))
    print(
      options,
      { key_id: keyId, active_at: formatMoment(activeAt), signing_keys: signing },
      [
        `Made key ${keyId}. It is used from ${formatMoment(activeAt)} on.`,
        ...signing.map(
          ({ key_id, algorithm, active_at }) =>
            `Made key ${key_id} for ID tokens by ${algorithm}. It is published now and signs from ${active_at} on.`,
        ),
      ].join('\n'),
    )
  })
}

async function rotate(runtime: Runtime): Promise<RotatedKeys> {
  try {
    return await rotateKeys(runtime)
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error
    throw new UsageError('Another program made a key at the same time. See `tenantry key list`.')
  }
}
