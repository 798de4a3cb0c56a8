import { randomFillSync } from 'node:crypto'

/** Asking for many bytes at once takes hardly longer than asking for a few. */
const POOL_SIZE = 4096

const pool = Buffer.alloc(POOL_SIZE)
let next = POOL_SIZE

/** Bytes that no one can guess, each given once. @param size at most 4096 */
export function randomSecret(size: number): Buffer {
  if (next + size > POOL_SIZE) {
    randomFillSync(pool)
    next = 0
  }
  const bytes = Buffer.from(pool.subarray(next, next + size))
  pool.fill(0, next, next + size)
  next += size
  return bytes
}
