import { type Selectable, sql } from 'kysely'
import { columns } from '../columns.ts'
import type { InvitationsTable } from '../mail-schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type InvitationRow = Selectable<InvitationsTable>
export type InvitationKey = Pick<InvitationRow, 'company_id' | 'invitation_id'>

export function insertInvitation({ db }: Store, row: InvitationRow): Statement {
  return statement(db.insertInto('invitations').values(row))
}

export function findInvitation({ db }: Store, key: InvitationKey): Promise<InvitationRow | undefined> {
  return db
    .selectFrom('invitations')
    .select(columns.invitations)
    .where('company_id', '=', key.company_id)
    .where('invitation_id', '=', key.invitation_id)
    .executeTakeFirst()
}

/** Of a company, the newest first. */
export function listInvitations({ db }: Store, companyId: number, limit: number): Promise<InvitationRow[]> {
  return db
    .selectFrom('invitations')
    .select(columns.invitations)
    .where('company_id', '=', companyId)
    .orderBy('created_at', 'desc')
    .limit(sql.lit(limit))
    .execute()
}

/** The link that is sent now; an earlier one is not good any more. Holds only while the invitation is there. */
export function setInvitationLink({ db }: Store, key: InvitationKey, linkHash: Uint8Array): Statement {
  return expecting(
    1,
    db
      .updateTable('invitations')
      .set({ link_hash: linkHash })
      .where('company_id', '=', key.company_id)
      .where('invitation_id', '=', key.invitation_id),
  )
}

/** Holds only while the invitation is as it was read. */
export function spendInvitation({ db }: Store, row: InvitationRow): Statement {
  return expecting(
    1,
    db
      .deleteFrom('invitations')
      .where('company_id', '=', row.company_id)
      .where('invitation_id', '=', row.invitation_id)
      .where('is_admin', '=', row.is_admin)
      .where('link_hash', '=', row.link_hash),
  )
}

/** Holds only if there is such an invitation. */
export function deleteInvitation({ db }: Store, key: InvitationKey): Statement {
  return expecting(
    1,
    db
      .deleteFrom('invitations')
      .where('company_id', '=', key.company_id)
      .where('invitation_id', '=', key.invitation_id),
  )
}
