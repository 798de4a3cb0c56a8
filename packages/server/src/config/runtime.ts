import type { Logger } from 'pino'
import type { FindBearer } from '../store/queries/bearer.ts'
import type { Store } from '../store/store.ts'
import type { KeyRing } from './key-ring.ts'
import type { Settings } from './settings.ts'

/** What every room works with: what the provider was told at its start. */
export interface Runtime {
  readonly settings: Settings
  readonly keys: KeyRing
  readonly store: Store
  readonly findBearer: FindBearer
  /** Milliseconds since 1970 UTC. */
  readonly clock: () => number
  readonly log: Logger
}
