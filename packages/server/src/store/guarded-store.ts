import { type Statement, type Store, WriteConflict } from './store.ts'

/** What must hold for all that someone writes. */
export interface Guard {
  /** Conditions of each commit. */
  require: readonly Statement[]
  /** Looks why a commit was refused. @throws what the person is told, if a condition does not hold any more */
  check(): Promise<unknown>
}

/** A store that commits only while the guard's conditions hold: what was checked cannot be forgotten in a write that follows. */
export function guardStore(store: Store, { require, check }: Guard): Store {
  // The commit waits for what the guard says.
  const write: Store['write'] = async statements => {
    try {
      return (await store.write([...require, ...statements])).slice(require.length)
    } catch (error) {
      // Otherwise a statement of the write itself did not find what it expected.
      if (error instanceof WriteConflict) await check()
      throw error
    }
  }
  return new Proxy(store, {
    get(target, name) {
      if (name === 'write') return write
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
