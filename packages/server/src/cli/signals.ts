import cluster from 'node:cluster'
import type { Listener } from '../listen.ts'
import type { Tenantry } from '../server.ts'

interface Closing {
  /** See {@link Listener.close}. */
  idleGrace?: number
  /** What SIGHUP does; it ends the process where nothing is said. */
  onHangup?: () => void
}

/** Resolves once a signal asked to stop, what was begun is finished, and the database is closed. */
export async function closeOnSignal(
  listener: Listener,
  tenantry: Tenantry,
  { idleGrace = 0, onHangup }: Closing = {},
): Promise<void> {
  await new Promise<void>(resolve => {
    let asked = false
    const ask = () => {
      // Asked twice, it does not wait any longer.
      if (asked) process.exit(1)
      asked = true
      resolve()
    }
    process.on('SIGTERM', ask)
    if (cluster.isWorker) {
      // The terminal sends these to all; the first process tells its workers itself. Without it there is no port.
      process.on('SIGINT', () => {})
      process.on('SIGHUP', () => {})
      process.once('disconnect', resolve)
    } else {
      process.on('SIGINT', ask)
      if (onHangup) process.on('SIGHUP', onHangup)
    }
  })
  await listener.close(idleGrace)
  await tenantry.close()
}
