import { expecting, returned, type Statement, type Store } from '../store.ts'

export type IdKind = 'company' | 'user'

/** The next id of a kind: an integer below 2^53 that was never given before. */
export async function allocateId(store: Store, kind: IdKind): Promise<number> {
  const query = store.db
    .insertInto('counters')
    .values({ name: kind, value: 1 })
    .onConflict(conflict => conflict.column('name').doUpdateSet(eb => ({ value: eb('counters.value', '+', 1) })))
    .returning('value')
  return returned<{ value: number }>(await store.write([expecting(1, query)]))[0]!.value
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
