import { expecting, type Statement, type Store } from '../store.ts'

/** Holds only where nobody else has the lease now. */
export function takeLease({ db }: Store, name: string, now: number, until: number): Statement {
  return expecting(
    1,
    db
      .insertInto('leases')
      .values({ name, leased_until: until })
      .onConflict(conflict =>
        conflict.column('name').doUpdateSet({ leased_until: until }).where('leases.leased_until', '<=', now),
      ),
  )
}
