import { type EventLoopUtilization, performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const SECOND = 1000

/** Shares of a second in which the event loop does something. */
const IDLE = 0.02
const BUSY = 0.2

/** How many idle seconds in a row come before a collection: at the start, when no one has asked for anything yet, and later. */
const SECONDS_AFTER_START = 2
const SECONDS_AFTER_WORK = 60

/** When to collect: once after the start, and once after each busy time. */
export class CollectionSchedule {
  #isDue = true
  #wanted = SECONDS_AFTER_START
  #idleSeconds = 0

  /**
   * To be asked each second.
   * @param utilization of the event loop in the second before, from 0 to 1
   * @returns whether to collect now
   */
  isNow(utilization: number): boolean {
    this.#idleSeconds = utilization < IDLE ? this.#idleSeconds + 1 : 0
    if (utilization > BUSY) this.#isDue = true
    if (!this.#isDue || this.#idleSeconds < this.#wanted) return false
    this.#isDue = false
    this.#wanted = SECONDS_AFTER_WORK
    return true
  }
}

/**
 * Gives memory back that starting, and later a busy time, has left behind, once the process has been idle for a while. V8 keeps what it
 * has grown to as long as nothing makes it collect, at rest tens of megabytes. A collection takes less than a tenth of a second.
 * @returns ends it
 */
export function collectWhenIdle(): () => void {
  const collect = findCollector()
  if (!collect) return () => {}
  const schedule = new CollectionSchedule()
  let before: EventLoopUtilization = performance.eventLoopUtilization()
  const timer = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before)
    if (schedule.isNow(utilization)) collect()
    before = performance.eventLoopUtilization()
  }, SECOND)
  timer.unref()
  return () => clearInterval(timer)
}

/** None on other engines than V8. */
function findCollector(): (() => void) | undefined {
  if (process.versions.bun) return undefined
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as NodeJS.GCFunction
  setFlagsFromString('--no-expose-gc')
  return () => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
