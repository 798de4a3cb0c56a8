/** Work that comes back: `run` says whether there is more to do at once. */
export interface Job {
  /** Milliseconds from the end of one run to the next. */
  every: number
  run: () => Promise<boolean>
}

export interface Jobs {
  /** Resolves when what was under way has ended. */
  stop(): Promise<void>
}

/** Runs each job over and over, never twice at once; a run that fails is reported and comes back. */
export function startJobs(jobs: readonly Job[], onError: (error: unknown) => void): Jobs {
  const stopping = new AbortController()
  const loops = jobs.map(job => loop(job, stopping.signal, onError))
  return {
    async stop() {
      stopping.abort()
      await Promise.all(loops)
    },
  }
}

async function loop(job: Job, stopping: AbortSignal, onError: (error: unknown) => void) {
  while (!stopping.aborted) {
    let more = false
    try {
      more = await job.run()
    } catch (error) {
      onError(error)
    }
    if (!more) await pause(job.every, stopping)
  }
}

function pause(milliseconds: number, stopping: AbortSignal): Promise<void> {
  if (stopping.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const timer = setTimeout(resolve, milliseconds)
    timer.unref()
    stopping.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true })
  })
}
