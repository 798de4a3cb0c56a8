import { NotReady } from '../store.ts'

const PING_TIMEOUT = 2000

/** @throws {NotReady} where another program holds the lock for writing for too long */
export async function withinPingTimeout(write: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new NotReady('locked', 'another program has locked the database file for more than two seconds')),
      PING_TIMEOUT,
    )
  })
  write.catch(() => {})
  try {
    await Promise.race([write, late])
  } finally {
    clearTimeout(timer)
  }
}
