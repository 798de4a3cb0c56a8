import type { Logger } from 'pino'
import type { Metrics } from '../metrics/metrics.ts'
import type { Store } from '../store/store.ts'
import type { KeyRing } from './key-ring.ts'
import type { LiveSettings } from './live-settings.ts'
import type { Settings } from './settings.ts'

/** Who changes something, for the audit log. */
export interface Actor {
  type: 'admin_key' | 'command' | 'user' | 'app' | 'system' | 'library'
  /** The id of the key, the user or the app, or the name of the operator; null where there is none. */
  id: string | null
  /** The address that a request came from. */
  address?: string
  requestId?: string
}

/** What every module works with: settings, keys, database, clock and log of one provider. */
export interface Runtime {
  readonly settings: Settings
  /** Where {@link settings} come from: some may be changed while servers run. */
  readonly liveSettings: LiveSettings
  readonly keys: KeyRing
  readonly store: Store
  /** Milliseconds since 1970 UTC. */
  readonly clock: () => number
  readonly log: Logger
  readonly metrics: Metrics
  /** Who acts; a program that uses the library, where it is not said. */
  readonly actor?: Actor
}
