import { errors } from 'jose'
import { InputError } from '../../companies/input.ts'
import type { PageContext } from '../../http/environment.ts'
import { queryParameter } from '../../http/form.ts'
import { PageError } from '../../pages/error-page.ts'
import { findChallengeAnswer, insertOnlyAnswer, useChallengeAnswer } from '../../store/queries/challenge-answers.ts'
import type { Statement } from '../../store/store.ts'
import {
  type ChallengeAnswer,
  checkConsent,
  checkLogin,
  checkRejection,
  type Rejection,
  requireChallenge,
} from './answer.ts'
import { type Challenge, isFor, readChallenge, readVerifier } from './challenge.ts'
import { verifySignedAnswer } from './signed-answer.ts'

/** What a person came back with from the platform's page. */
export interface Redeemed {
  challenge: Challenge
  answer: ChallengeAnswer
  /** Holds only the first time: a condition of what follows from the answer. */
  use: Statement
}

interface External {
  kind: Challenge['kind']
  publicKeys: { keys: Record<string, unknown>[] } | undefined
  /** What this browser has that only it has. */
  browserSecret: string | undefined
}

/**
 * Reads what the browser brought back: `answer`, for what the platform gave by the admin API, or `response`, which it
 * signed.
 * @returns nothing but where to go on, if it was used before or is too old
 * @throws {PageError} where it is not genuine, or was meant for another browser
 */
export async function redeemAnswer(c: PageContext, external: External): Promise<Redeemed | { returnTo: string }> {
  const signed = queryParameter(c, 'response')
  const found = signed === undefined ? await findKept(c) : await readSigned(c, external, signed)
  if (found?.challenge.kind !== external.kind) throw new PageError(400, 'error.signInLost')
  if (!isFor(found.challenge, external.browserSecret)) throw new PageError(403, 'error.otherBrowser')
  const { challenge, answer, use } = found
  return use ? { challenge, answer, use } : { returnTo: challenge.returnTo }
}

type Found = Omit<Redeemed, 'use'> & { use: Statement | undefined }

async function findKept(c: PageContext): Promise<Found | undefined> {
  const { runtime } = c.var
  const id = readVerifier(runtime, queryParameter(c, 'answer') ?? '')
  const row = id === undefined ? undefined : await findChallengeAnswer(runtime.store, id)
  const challenge = row && readChallenge(runtime, row.challenge)
  if (!challenge) return undefined
  const now = runtime.clock()
  const isGood = row.used_at === null && row.expires_at > now
  return {
    challenge,
    answer: JSON.parse(row.answer) as ChallengeAnswer,
    use: isGood ? useChallengeAnswer(runtime.store, row.challenge_id, now) : undefined,
  }
}

async function readSigned(c: PageContext, { kind, publicKeys }: External, jwt: string): Promise<Found | undefined> {
  const { runtime } = c.var
  if (!publicKeys) return undefined
  try {
    const { challenge: text, input } = await verifySignedAnswer(runtime, publicKeys, jwt)
    const challenge = requireChallenge(runtime, kind, text)
    const answer = await checkAnswer(c, challenge, input)
    const now = runtime.clock()
    const row = {
      challenge_id: challenge.id,
      challenge: text,
      answer: JSON.stringify(answer),
      used_at: now,
      // As long as the challenge could be answered again.
      expires_at: challenge.issuedAt + 24 * 3600 * 1000,
    }
    return { challenge, answer, use: insertOnlyAnswer(runtime.store, row) }
  } catch (error) {
    if (!(error instanceof errors.JOSEError) && !(error instanceof InputError)) throw error
    runtime.log.warn({ reason: error.message }, `a signed ${kind} answer of the platform was refused`)
    return undefined
  }
}

function checkAnswer(c: PageContext, challenge: Challenge, input: Record<string, unknown>) {
  if ('error' in input) return checkRejection(input)
  return challenge.kind === 'login' ? checkLogin(c.var.runtime, challenge, input) : checkConsent(challenge, input)
}

export function isRejection(answer: ChallengeAnswer): answer is Rejection {
  return 'error' in answer
}
