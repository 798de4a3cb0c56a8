import { writeUses } from './apps/app-uses.ts'
import { CallbackSender } from './apps/callback-sender.ts'
import { uninstallCallbacks } from './apps/uninstall-callbacks.ts'
import { chainAuditEvents } from './audit/chain.ts'
import { recordRefusals } from './audit/refusals.ts'
import { cutOldEvents } from './audit/retention.ts'
import { ClockGuard } from './config/clock-guard.ts'
import { RELOAD_EVERY } from './config/key-ring.ts'
import type { Runtime } from './config/runtime.ts'
import { FIGURES_EVERY, takeFigures } from './console/platform-figures.ts'
import { type Jobs, startJobs } from './jobs.ts'
import { sendDueMails } from './mail/send-mails.ts'
import { maintainKeys } from './maintain-keys.ts'
import { logoutCallbacks } from './openid/logout-callbacks.ts'
import { rateLimiterOf } from './rate-limits/rate-limiter.ts'
import { cleanExpired } from './store/queries/expired.ts'
import { StoreUnavailable } from './store/store.ts'

async function clean({ store, clock }: Runtime, guard: ClockGuard): Promise<boolean> {
  if (await guard.isTrusted()) await cleanExpired(store, clock)
  return false
}

async function cut(runtime: Runtime, guard: ClockGuard): Promise<boolean> {
  await cutOldEvents(runtime, guard)
  return false
}

async function loadSettings({ store, liveSettings }: Runtime): Promise<boolean> {
  await liveSettings.load(store)
  return false
}

async function shareCounts(runtime: Runtime): Promise<boolean> {
  await rateLimiterOf(runtime).synchronise()
  return false
}

async function sumUpRefusals(runtime: Runtime): Promise<boolean> {
  await recordRefusals(runtime)
  return false
}

async function noteFigures(runtime: Runtime): Promise<boolean> {
  await takeFigures(runtime)
  return false
}

async function sumUpUses(runtime: Runtime): Promise<boolean> {
  await writeUses(runtime)
  return false
}

/** What a provider does by itself while it runs. */
export function startRuntimeJobs(runtime: Runtime): Jobs {
  const guard = new ClockGuard(runtime)
  const onError = (error: unknown) => {
    const level = error instanceof StoreUnavailable ? 'warn' : 'error'
    runtime.log[level]({ err: error }, 'a background job failed and will run again')
  }
  const senders = [new CallbackSender(runtime, uninstallCallbacks), new CallbackSender(runtime, logoutCallbacks)]
  const look = async () => {
    await Promise.all(senders.map(sender => sender.look()))
    return false
  }
  const jobs = startJobs(
    [
      { every: 1000, run: look },
      { every: 1000, run: () => chainAuditEvents(runtime) },
      { every: 1000, run: () => sendDueMails(runtime) },
      { every: 1000, run: () => shareCounts(runtime) },
      { every: 60_000, run: () => sumUpRefusals(runtime) },
      { every: 60_000, run: () => sumUpUses(runtime) },
      { every: 60_000, run: () => clean(runtime, guard) },
      { every: FIGURES_EVERY, run: () => noteFigures(runtime) },
      { every: 3_600_000, run: () => cut(runtime, guard) },
      { every: RELOAD_EVERY, run: () => maintainKeys(runtime, guard) },
      { every: RELOAD_EVERY, run: () => loadSettings(runtime) },
    ],
    onError,
  )
  return {
    async stop() {
      await Promise.all([jobs.stop(), ...senders.map(sender => sender.stop())])
    },
  }
}
