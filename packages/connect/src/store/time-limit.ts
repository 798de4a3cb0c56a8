import { ConnectError } from '../errors.ts'
import type { LinkStore } from './store.ts'

const METHODS = [
  ...(['findLink', 'listLinks', 'pageLinks', 'insertLink'] as const),
  ...(['replaceLink', 'deleteLink', 'acquireLease', 'releaseLease'] as const),
]

/** A store whose promises settle: one that hangs, as a database does whose network is gone, fails instead. */
export function withTimeLimit(store: LinkStore, milliseconds: number): LinkStore {
  const limited = Object.create(store) as Record<string, unknown>
  for (const method of METHODS) {
    const call = store[method].bind(store) as (...given: unknown[]) => Promise<unknown>
    limited[method] = (...given: unknown[]) => settleWithin(call(...given), milliseconds, method)
  }
  return limited as unknown as LinkStore
}

async function settleWithin<T>(work: Promise<T>, milliseconds: number, method: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new ConnectError('store_unavailable', `The store did not answer ${method} within ${milliseconds} ms.`)),
      milliseconds,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
