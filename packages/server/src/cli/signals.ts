import type { Listener } from '../listen.ts'
import type { Tenantry } from '../server.ts'

/** Resolves once a signal asked to stop, what was begun is finished, and the database is closed. */
export async function closeOnSignal(listener: Listener, tenantry: Tenantry): Promise<void> {
  await new Promise<void>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      let asked = false
      process.on(signal, () => {
        // Asked twice, it does not wait any longer.
        if (asked) process.exit(1)
        asked = true
        resolve()
      })
    }
  })
  await listener.close()
  await tenantry.close()
}
