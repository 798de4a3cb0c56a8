import { z } from 'zod'
import { findSetting, RUN_TIME_SETTINGS } from '../store/queries/settings.ts'
import type { Store } from '../store/store.ts'
import { type Settings, settingsSchema } from './settings.ts'

const { shape } = settingsSchema

/** What may be changed while servers run. Null goes back to what is configured. */
export const settingChangesSchema = z.strictObject({
  accessTokenLifetime: shape.accessTokenLifetime.unwrap().nullable().optional(),
  authorizationCodeLifetime: shape.authorizationCodeLifetime.unwrap().nullable().optional(),
  refreshTokenLifetime: shape.refreshTokenLifetime.unwrap().nullable().optional(),
  sessionLifetime: shape.sessionLifetime.unwrap().nullable().optional(),
  auditRetentionDays: shape.auditRetentionDays.unwrap().nullable().optional(),
})

export type SettingChanges = z.output<typeof settingChangesSchema>
export type ChangeableSetting = keyof SettingChanges
/** What was changed, without what was not. */
export type ChangedSettings = { [Name in ChangeableSetting]?: number }

export const changeableSettings = Object.keys(settingChangesSchema.shape) as ChangeableSetting[]

/** The settings that a server was started with, but for those that were changed since, in the database that all nodes share. */
export class LiveSettings {
  /** As they are now: an entry that may be changed is read each time. */
  readonly values: Settings
  #changed: ChangedSettings = {}

  constructor(configured: Settings) {
    const values: Settings = { ...configured }
    for (const name of changeableSettings) {
      Object.defineProperty(values, name, { enumerable: true, get: () => this.#changed[name] ?? configured[name] })
    }
    this.values = values
  }

  get changed(): ChangedSettings {
    return this.#changed
  }

  /** Reads what was changed; every node does so twice a minute. */
  async load(store: Store): Promise<void> {
    this.#changed = parseChanged(await findSetting(store, RUN_TIME_SETTINGS))
  }
}

/** @param text as it is stored; what a newer program has put there is left out */
export function parseChanged(text: string | undefined): ChangedSettings {
  const stored: Record<string, unknown> = text === undefined ? {} : JSON.parse(text)
  const known = Object.entries(stored).filter(([name, value]) => {
    return settingChangesSchema.safeParse({ [name]: value }).success && value !== null
  })
  return Object.fromEntries(known)
}
