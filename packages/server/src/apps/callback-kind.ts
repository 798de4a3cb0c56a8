import type { Runtime } from '../config/runtime.ts'
import type { OutboundAnswer } from '../http/outbound/send.ts'
import type { CallbackQueue, QueuedCallback } from '../store/queries/callback-queue.ts'
import type { Statement } from '../store/store.ts'

/** How one attempt ended. */
export interface CallbackAttempt {
  attemptedAt: number
  /** What the app answered; null where no answer came. */
  status: number | null
  error: string | null
}

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
  /** What is kept of an attempt for the app's developers, written in the commit that says how it ended. */
  recordAttempt?(runtime: Runtime, callback: Callback, attempt: CallbackAttempt): Promise<Statement[]>
}
