import { expecting, returned, type Statement, type Store } from '../store.ts'

export type IdKind = 'company' | 'user' | 'resource_server'

/** The next id of a kind: an integer below 2^53 that was never given before. */
export async function allocateId(store: Store, kind: IdKind): Promise<number> {
  return (await allocateIds(store, kind, 1)) + 1
}

/** Takes many ids at once, in a row. @returns the one before the first of them */
export async function allocateIds(store: Store, kind: IdKind, count: number): Promise<number> {
  const query = store.db
    .insertInto('counters')
    .values({ name: kind, value: count })
    .onConflict(conflict => conflict.column('name').doUpdateSet(eb => ({ value: eb('counters.value', '+', count) })))
    .returning('value')
  return returned<{ value: number }>(await store.write([expecting(1, query)]))[0]!.value - count
}

/** Keeps ids up to `taken` from being given again. */
export function reserveIds({ db }: Store, kind: IdKind, taken: number): Statement {
  const query = db
    .insertInto('counters')
    .values({ name: kind, value: taken })
    .onConflict(conflict =>
      conflict.column('name').doUpdateSet(eb => ({
        value: eb
          .case()
          .when('counters.value', '<', eb.ref('excluded.value'))
          .then(eb.ref('excluded.value'))
          .else(eb.ref('counters.value'))
          .end(),
      })),
    )
    .returning('value')
  return expecting(1, query)
}
