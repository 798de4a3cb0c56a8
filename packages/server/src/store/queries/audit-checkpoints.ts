import type { Selectable } from 'kysely'
import type { AuditCheckpointsTable } from '../administration-schema.ts'
import { columns } from '../columns.ts'
import { expecting, type Statement, type Store } from '../store.ts'

export type AuditCheckpointRow = Selectable<AuditCheckpointsTable>

/** Where the chain of a company was cut last; undefined where it is whole. */
export function findAuditCheckpoint({ db }: Store, companyId: number): Promise<AuditCheckpointRow | undefined> {
  return db
    .selectFrom('audit_checkpoints')
    .select(columns.audit_checkpoints)
    .where('company_id', '=', companyId)
    .executeTakeFirst()
}

/**
 * Removes the events between the last cut and a new one.
 * Holds only while the chain begins after `before`, and every event up to the new cut is there.
 * @param before the `seq` of the cut before; 0 where there was none
 */
export function cutChain({ db }: Store, checkpoint: AuditCheckpointRow, before: number): Statement[] {
  const { company_id, seq, hash, cut_at, signed } = checkpoint
  const put = db
    .insertInto('audit_checkpoints')
    .values(checkpoint)
    .onConflict(conflict =>
      conflict
        .column('company_id')
        .doUpdateSet({ seq, hash, cut_at, signed })
        .where('audit_checkpoints.seq', '=', before),
    )
  const removal = db
    .deleteFrom('audit_events')
    .where('company_id', '=', company_id)
    .where('seq', '>', before)
    .where('seq', '<=', seq)
  return [expecting(1, put), expecting(seq - before, removal)]
}
