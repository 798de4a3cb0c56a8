import { type Selectable, sql } from 'kysely'
import { columns } from '../columns.ts'
import type { OutboxTable } from '../mail-schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type OutboxRow = Selectable<OutboxTable>

export function insertMail({ db }: Store, row: OutboxRow): Statement {
  return statement(db.insertInto('outbox').values(row))
}

/** Some of those whose time has come, the oldest first. */
export function listDueMails({ db }: Store, now: number, limit: number): Promise<OutboxRow[]> {
  return db
    .selectFrom('outbox')
    .select(columns.outbox)
    .where('next_attempt_at', '<=', now)
    .where('next_attempt_at', 'is not', null)
    .orderBy('next_attempt_at')
    .limit(sql.lit(limit))
    .execute()
}

/** Postpones a mail: so that no other sender takes it, or after a failure. Holds only while it is as it was read. */
export function postponeMail({ db }: Store, row: OutboxRow, nextAttemptAt: number, attempts: number): Statement {
  return expecting(
    1,
    db
      .updateTable('outbox')
      .set({ next_attempt_at: nextAttemptAt, attempts })
      .where('mail_id', '=', row.mail_id)
      .where('next_attempt_at', '=', row.next_attempt_at),
  )
}

/** Leaves it in the mailbox of the sandbox, as it would have been sent. */
export function keepInMailbox({ db }: Store, mailId: string, sealed: string): Statement {
  return statement(db.updateTable('outbox').set({ sealed, next_attempt_at: null }).where('mail_id', '=', mailId))
}

export function deleteMail({ db }: Store, mailId: string): Statement {
  return statement(db.deleteFrom('outbox').where('mail_id', '=', mailId))
}

/** The most that are counted. */
const COUNTED = 10_000

/** How many wait to be sent. */
export async function countWaitingMails({ db }: Store): Promise<number> {
  const some = db
    .selectFrom('outbox')
    .select('mail_id')
    .where('next_attempt_at', 'is not', null)
    .limit(sql.lit(COUNTED))
    .as('some')
  const { found } = await db
    .selectFrom(some)
    .select(eb => eb.fn.countAll<number>().as('found'))
    .executeTakeFirstOrThrow()
  return Number(found)
}

/** What lies in the mailbox of the sandbox, the newest first. */
export function listMailbox({ db }: Store, limit: number): Promise<OutboxRow[]> {
  return db
    .selectFrom('outbox')
    .select(columns.outbox)
    .where('next_attempt_at', 'is', null)
    .orderBy('created_at', 'desc')
    .limit(sql.lit(limit))
    .execute()
}
