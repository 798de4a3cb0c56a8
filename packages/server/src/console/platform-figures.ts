import type { Runtime } from '../config/runtime.ts'
import { takeLease } from '../store/queries/leases.ts'
import { countWaitingMails } from '../store/queries/outbox.ts'
import { insertPlatformFigures } from '../store/queries/platform-figures.ts'
import { countUndelivered } from '../store/queries/uninstall-callbacks.ts'
import { writeUnlessConflict } from '../store/store.ts'

/** Milliseconds from one to the next. */
export const FIGURES_EVERY = 5 * 60_000
const KEPT = 7 * 24 * 3600 * 1000

/** Writes down how the platform is, unless another process has just done so. @returns whether this one did */
export async function takeFigures({ store, clock }: Runtime): Promise<boolean> {
  const now = clock()
  // The next turn of another process comes a moment before or after.
  const lease = takeLease(store, 'platform figures', now, now + FIGURES_EVERY - 30_000)
  if (!(await writeUnlessConflict(store, [lease]))) return false
  const [{ databaseBytes }, callbacks, mails] = await Promise.all([
    store.stats(),
    countUndelivered(store),
    countWaitingMails(store),
  ])
  await store.write([
    insertPlatformFigures(store, {
      taken_at: now,
      database_bytes: databaseBytes,
      waiting_callbacks: callbacks.pending,
      failed_callbacks: callbacks.given_up,
      waiting_mails: mails,
      expires_at: now + KEPT,
    }),
  ])
  return true
}
