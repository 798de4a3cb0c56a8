import { CLOCK_SKEW } from '../clock-skew.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

/** Ends a lease before its time. */
export function endLease({ db }: Store, name: string, now: number): Statement {
  return statement(db.updateTable('leases').set({ leased_until: now }).where('name', '=', name))
}

/** Holds only if the lease is free; one that ends later than any rule allows is from a clock that was ahead. */
export function takeLease({ db }: Store, name: string, now: number, until: number): Statement {
  return expecting(
    1,
    db
      .insertInto('leases')
      .values({ name, leased_until: until })
      .onConflict(conflict =>
        conflict
          .column('name')
          .doUpdateSet({ leased_until: until })
          .where(eb =>
            eb.or([eb('leases.leased_until', '<=', now), eb('leases.leased_until', '>', until + CLOCK_SKEW)]),
          ),
      ),
  )
}
