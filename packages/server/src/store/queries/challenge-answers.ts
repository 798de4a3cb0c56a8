import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import type { ChallengeAnswersTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type ChallengeAnswerRow = Selectable<ChallengeAnswersTable>

/** The first answer to a challenge counts; this is nothing where there was one before. */
export function insertChallengeAnswer({ db }: Store, row: ChallengeAnswerRow): Statement {
  return statement(insertion(db, row))
}

/** Holds only if the challenge has no answer yet. */
export function insertOnlyAnswer({ db }: Store, row: ChallengeAnswerRow): Statement {
  return expecting(1, insertion(db, row))
}

function insertion(db: Store['db'], row: ChallengeAnswerRow) {
  return db
    .insertInto('challenge_answers')
    .values(row)
    .onConflict(conflict => conflict.column('challenge_id').doNothing())
}

export function findChallengeAnswer({ db }: Store, challengeId: string): Promise<ChallengeAnswerRow | undefined> {
  return db
    .selectFrom('challenge_answers')
    .select(columns.challenge_answers)
    .where('challenge_id', '=', challengeId)
    .executeTakeFirst()
}

/** Holds only the first time. */
export function useChallengeAnswer({ db }: Store, challengeId: string, now: number): Statement {
  return expecting(
    1,
    db
      .updateTable('challenge_answers')
      .set({ used_at: now })
      .where('challenge_id', '=', challengeId)
      .where('used_at', 'is', null)
      .where('expires_at', '>', now),
  )
}
