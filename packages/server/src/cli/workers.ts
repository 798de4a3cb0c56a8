import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { MetricsSnapshot } from '../metrics/exposition.ts'
import { serveMetrics } from './metrics-server.ts'
import type { Configuration } from './serve-configuration.ts'
import { stopWithNpm } from './signals.ts'
import { UsageError } from './usage-error.ts'

const SECOND = 1000
/** A worker that ran for less time than this failed, and its successor is delayed. */
const SHORT_LIFE = 5 * SECOND
const MAX_PAUSE = 10 * SECOND
/** How long a worker is waited for when it is asked what it has measured. */
const ANSWER_TIMEOUT = 2 * SECOND

/** The message of a worker that is ready. */
interface Ready {
  ready: { port: number }
}

/** Asks a worker what it has measured; it answers with the same number. */
interface MetricsQuestion {
  metrics: number
}

interface MetricsAnswer extends MetricsQuestion {
  snapshot: MetricsSnapshot
}

type FromWorker = Partial<Ready> | MetricsAnswer

/** Called in a worker: answers each time that it is asked. */
export function answerMetrics(read: () => Promise<MetricsSnapshot>) {
  process.on('message', async (message: MetricsQuestion) => {
    if (typeof message?.metrics !== 'number') return
    const snapshot = await read().catch(() => [])
    process.send?.({ metrics: message.metrics, snapshot } satisfies MetricsAnswer)
  })
}

/** Called in a worker. */
export function reportReady(port: number) {
  process.send?.({ ready: { port } } satisfies Ready)
}

/**
 * Runs as many processes as were asked for on one port, until a signal asks to stop. A worker that crashes is replaced; on
 * SIGHUP each is replaced by a new one that answers already before the old one finishes what it began.
 * @throws {UsageError} when the first ones do not start; they said why
 */
export async function runWorkers(configuration: Configuration, log: Logger): Promise<void> {
  const { workers: count, origin, host, mode, metricsPort } = configuration
  // Each takes connections from the shared port itself. Handed out by this process, one that is on its way to a worker
  // that dies would hang forever.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  const workers = new Workers(log)
  const port = await workers.start(count)
  const metrics =
    metricsPort === undefined ? undefined : await serveMetrics(configuration, () => workers.snapshots(), log)
  process.on('SIGHUP', () => void workers.replaceAll())
  log.info({ origin, host, port, mode, workers: count }, 'ready')
  await askedToStop(workers)
  await metrics?.close()
  await workers.stop()
  log.info('closed')
}

/** Resolves at the first signal; the second ends the wait. */
function askedToStop(workers: Workers): Promise<void> {
  return new Promise(resolve => {
    let asked = false
    stopWithNpm(resolve)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (asked) workers.kill()
        asked = true
        resolve()
      })
    }
  })
}

class Workers {
  readonly #log: Logger
  /** Those that should be running; one that ends while it is in here has crashed. */
  readonly #wanted = new Set<Worker>()
  #stopping = false
  #questions = 0
  #replacing: Promise<void> | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** @returns the port that all listen on */
  async start(count: number): Promise<number> {
    try {
      const ports = await Promise.all(Array.from({ length: count }, () => this.#start()))
      return ports[0]!.port
    } catch {
      await this.stop()
      throw new UsageError('The workers did not start.')
    }
  }

  /** One after the other; one round at a time. A new one that does not start leaves the old one where it is. */
  replaceAll(): Promise<void> {
    this.#replacing ??= this.#replaceEach().finally(() => {
      this.#replacing = undefined
    })
    return this.#replacing
  }

  async #replaceEach() {
    const before = [...this.#wanted]
    this.#log.info({ workers: before.length }, 'replacing the workers')
    for (const old of before) {
      if (this.#stopping) return
      try {
        const { worker } = await this.#start()
        this.#log.info(
          { worker: worker.process.pid, old: old.process.pid },
          'a new worker answers, and the old one ends',
        )
      } catch (error) {
        if (!this.#stopping) this.#log.error({ err: error }, 'a new worker did not start; the old ones keep running')
        return
      }
      await this.#end(old)
    }
    this.#log.info('the workers are replaced')
  }

  async stop() {
    this.#stopping = true
    await Promise.all([...this.#wanted].map(worker => this.#end(worker)))
    await this.#replacing
  }

  /** What each worker has measured. One that does not answer within two seconds is left out. */
  async snapshots(): Promise<MetricsSnapshot[]> {
    const asked = [...this.#wanted].filter(worker => worker.isConnected())
    const answers = await Promise.allSettled(asked.map(worker => this.#ask(worker)))
    return answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []))
  }

  #ask(worker: Worker): Promise<MetricsSnapshot> {
    this.#questions += 1
    const metrics = this.#questions
    return new Promise((resolve, reject) => {
      const end = () => {
        worker.off('message', read)
        clearTimeout(timer)
      }
      const read = (message: FromWorker) => {
        if (!('snapshot' in message) || message.metrics !== metrics) return
        end()
        resolve(message.snapshot)
      }
      const timer = setTimeout(() => {
        end()
        reject(new Error('The worker does not answer.'))
      }, ANSWER_TIMEOUT)
      worker.on('message', read)
      worker.send({ metrics } satisfies MetricsQuestion)
    })
  }

  kill() {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL')
  }

  /** Resolves once it answers. */
  async #start(): Promise<{ worker: Worker; port: number }> {
    const worker = cluster.fork()
    const started = performance.now()
    this.#wanted.add(worker)
    const port = await new Promise<number>((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if ('ready' in message) resolve(message.ready!.port)
      })
      worker.once('exit', code => reject(new Error(`it ended with ${code} before it answered`)))
    }).catch(error => {
      this.#wanted.delete(worker)
      throw error
    })
    worker.once('exit', (code, signal) => {
      if (!this.#wanted.delete(worker) || this.#stopping) return
      this.#log.error({ worker: worker.process.pid, code, signal }, 'a worker ended unexpectedly and is replaced')
      void this.#restart(performance.now() - started < SHORT_LIFE ? SECOND : 0)
    })
    return { worker, port }
  }

  async #restart(pause: number): Promise<void> {
    for (let wait = pause; !this.#stopping; wait = Math.min(2 * wait + SECOND, MAX_PAUSE)) {
      await sleep(wait)
      if (this.#stopping) return
      try {
        await this.#start()
        return
      } catch (error) {
        if (!this.#stopping) this.#log.error({ err: error }, 'a new worker did not start; trying again')
      }
    }
  }

  async #end(worker: Worker) {
    this.#wanted.delete(worker)
    if (worker.isDead()) return
    const ended = once(worker, 'exit')
    worker.process.kill('SIGTERM')
    await ended
  }
}
