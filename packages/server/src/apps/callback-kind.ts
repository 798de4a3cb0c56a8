import type { Runtime } from '../config/runtime.ts'
import type { OutboundAnswer } from '../http/outbound/send.ts'
import type { CallbackQueue, QueuedCallback } from '../store/queries/callback-queue.ts'

/** What apps are told, and how. */
export interface CallbackKind<Callback extends QueuedCallback = QueuedCallback> {
  /** For the log, such as `uninstall callback`. */
  readonly name: string
  readonly queue: CallbackQueue
  /** Whether an operator can still send one that was given up. */
  readonly keepsGivenUp: boolean
  /**
   * One attempt.
   * @returns undefined if the app wants no such callbacks any more
   */
  call(runtime: Runtime, callback: Callback, stopping: AbortSignal): Promise<OutboundAnswer | undefined>
}
