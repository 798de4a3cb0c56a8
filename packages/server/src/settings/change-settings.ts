import { recordEvent } from '../audit/record.ts'
import { toJsonName } from '../config/json-name.ts'
import {
  type ChangedSettings,
  parseChanged,
  type SettingChanges,
  settingChangesSchema,
} from '../config/live-settings.ts'
import type { Runtime } from '../config/runtime.ts'
import { checkWith } from '../config/settings.ts'
import { findSetting, RUN_TIME_SETTINGS, replaceSetting } from '../store/queries/settings.ts'
import { retryOnConflict } from '../store/store.ts'

/**
 * Changes settings while servers run: this process uses them at once, every other within half a minute.
 * @param changes null goes back to what is configured; what is left out stays
 * @param precondition throws if the settings as they are must not be changed
 * @returns everything that is changed now
 * @throws {SettingsError} with every mistake
 * @example
 * ```ts
 * import { changeSettings, createTenantry } from 'tenantry'
 * const tenantry = createTenantry({
 *   store: { path: ':memory:' },
 *   secrets: ['a secret of at least 32 characters, from a file'],
 *   origin: 'https://id.example.com',
 * })
 * await tenantry.ready
 * console.log(await changeSettings(tenantry.runtime, { accessTokenLifetime: 600 }))
 * await tenantry.close()
 * ```
 */
export async function changeSettings(
  runtime: Runtime,
  changes: SettingChanges,
  precondition: () => void = () => {},
): Promise<ChangedSettings> {
  const { store, liveSettings } = runtime
  const wanted = checkWith(settingChangesSchema, changes)
  await retryOnConflict(async () => {
    const stored = await findSetting(store, RUN_TIME_SETTINGS)
    await liveSettings.load(store)
    precondition()
    const before = parseChanged(stored)
    const after: Record<string, unknown> = stored === undefined ? {} : JSON.parse(stored)
    const changed: Record<string, [number | null, number | null]> = {}
    for (const [name, value] of Object.entries(wanted) as [keyof SettingChanges, number | null | undefined][]) {
      const old = before[name] ?? null
      if (value === undefined || value === old) continue
      changed[toJsonName(name)] = [old, value]
      if (value === null) delete after[name]
      else after[name] = value
    }
    if (Object.keys(changed).length === 0) return
    await store.write([
      replaceSetting(store, RUN_TIME_SETTINGS, stored, JSON.stringify(after)),
      recordEvent(runtime, { action: 'settings.changed', facts: { changed } }),
    ])
  })
  await liveSettings.load(store)
  return liveSettings.changed
}
