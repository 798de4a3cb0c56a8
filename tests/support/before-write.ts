import type { Runtime } from 'tenantry'

/**
 * Lets something happen between what a handler checked and the write that follows from it: `action` runs before the
 * first write with a statement that matches.
 * @returns whether it has run
 */
export function beforeWrite(runtime: Runtime, matches: RegExp, action: () => Promise<unknown>): () => boolean {
  const { store } = runtime
  const write = store.write.bind(store)
  let hasRun = false
  store.write = async (statements, options) => {
    if (!hasRun && statements.some(({ sql }) => matches.test(sql))) {
      hasRun = true
      store.write = write
      await action()
    }
    return write(statements, options)
  }
  return () => hasRun
}
