import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import type { KeyRing } from './key-ring.ts'
import type { Settings } from './settings.ts'

/** What every module works with: settings, keys, database, clock and log of one provider. */
export interface Runtime {
  readonly settings: Settings
  readonly keys: KeyRing
  readonly store: Store
  /** Milliseconds since 1970 UTC. */
  readonly clock: () => number
  readonly log: Logger
}
