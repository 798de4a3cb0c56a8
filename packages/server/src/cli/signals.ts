import cluster from 'node:cluster'
import type { Listener } from '../node-server/listen.ts'
import type { Tenantry } from '../server.ts'
import { StoreOpenError } from '../store/store.ts'

interface Closing {
  /** See {@link Listener.close}. */
  idleGrace?: number
  /** What SIGHUP does; it ends the process where nothing is said. */
  onHangup?: () => void
}

/**
 * Resolves once a signal asked to stop, what was begun is finished, and the database is closed.
 * @throws {StoreOpenError} after closing, when the database file was replaced: a supervisor starts the program again
 */
export async function closeOnSignal(
  listener: Listener,
  tenantry: Tenantry,
  { idleGrace = 0, onHangup }: Closing = {},
): Promise<void> {
  const asked = askedToStop(onHangup)
  const replaced = await Promise.race([asked, tenantry.runtime.store.replaced ?? asked])
  await listener.close(idleGrace)
  await tenantry.close()
  if (replaced) throw new StoreOpenError(replaced.message)
}

function askedToStop(onHangup: (() => void) | undefined): Promise<undefined> {
  return new Promise(resolve => {
    const stop = () => resolve(undefined)
    let asked = false
    const ask = () => {
      // Asked twice, it does not wait any longer.
      if (asked) process.exit(1)
      asked = true
      stop()
    }
    process.on('SIGTERM', ask)
    stopWithNpm(stop)
    if (cluster.isWorker) {
      // The terminal sends these to all processes; the first process signals its workers. Without it there is no port.
      process.on('SIGINT', () => {})
      process.on('SIGHUP', () => {})
      process.once('disconnect', stop)
    } else {
      process.on('SIGINT', ask)
      if (onHangup) process.on('SIGHUP', onHangup)
    }
  })
}

const PARENT_WATCH = 500

/** npm and npx pass no signals on: when they are gone, so is the reason to run. */
export function stopWithNpm(stop: () => void) {
  const parent = process.ppid
  if (process.env.npm_execpath === undefined || parent <= 1 || cluster.isWorker) return
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    stop()
  }, PARENT_WATCH)
  watch.unref()
}
