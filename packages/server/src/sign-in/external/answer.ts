import { z } from 'zod'
import { checkInput, InputError, id, TakenError } from '../../companies/input.ts'
import { requireUser } from '../../companies/users.ts'
import type { Runtime } from '../../config/runtime.ts'
import { findChallengeAnswer, insertChallengeAnswer } from '../../store/queries/challenge-answers.ts'
import { findMember } from '../../store/queries/memberships.ts'
import { CHALLENGE_LIFETIME, type Challenge, readChallenge, verifierOf } from './challenge.ts'

/** Milliseconds for which the person can come back with the answer. */
const ANSWER_LIFETIME = 5 * 60 * 1000
/** Seconds by which the platform's clock may be ahead. */
const CLOCK_TOLERANCE = 60

const scopes = z.array(z.string().min(1).max(200)).min(1, 'must name at least one').max(200)
const seconds = z.number().int().positive()

/** What the platform's sign-in page answers: who it is. */
export const loginAcceptance = z.strictObject({
  user_id: id,
  auth_time: seconds.optional(),
  amr: z
    .array(z.string().regex(/^[\x21-\x7e]{1,32}$/, 'must be a short word without spaces'))
    .max(10)
    .optional(),
  company_id: id.optional(),
  scopes: scopes.optional(),
})

/** What the platform's consent page answers: what of it is allowed. */
export const consentAcceptance = z.strictObject({
  scopes: scopes.optional(),
  /** For whom the app is installed; `me` when not given. */
  install_for: z.enum(['me', 'company']).optional(),
})

/** What either page answers when nothing is allowed. */
export const rejection = z.strictObject({
  error: z
    .enum(['access_denied', 'login_required', 'interaction_required', 'temporarily_unavailable', 'server_error'])
    .default('access_denied'),
  error_description: z
    .string()
    .max(200)
    .regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/, 'must be ASCII text without quotation marks and backslashes')
    .default('The platform did not allow it.'),
})

export type LoginAcceptance = z.output<typeof loginAcceptance>
export type ConsentAcceptance = z.output<typeof consentAcceptance>
export type Rejection = z.output<typeof rejection>
export type ChallengeAnswer = LoginAcceptance | ConsentAcceptance | Rejection

/** @throws {InputError} where the challenge is not genuine, of the other kind, or too old */
export function requireChallenge(runtime: Runtime, kind: Challenge['kind'], text: string): Challenge {
  const challenge = readChallenge(runtime, text)
  const wrong = (message: string) => new InputError(`challenge: ${message}`, [{ path: 'challenge', message }])
  if (challenge?.kind !== kind) throw wrong(`is not a ${kind} challenge of this server`)
  if (runtime.clock() < challenge.issuedAt + CHALLENGE_LIFETIME) return challenge
  throw wrong('has expired: send the person back to the app, to begin again')
}

/**
 * Checks what a sign-in page answered.
 * @throws {InputError} where the user does not exist or is not active, or is no member of the company
 */
export async function checkLogin(runtime: Runtime, challenge: Challenge, input: unknown): Promise<LoginAcceptance> {
  const { store, clock } = runtime
  const answer = checkInput(loginAcceptance, input)
  const refuse = (path: string, message: string) => new InputError(`${path}: ${message}`, [{ path, message }])
  const user = await requireUser(store, answer.user_id)
  if (user.active !== 1) throw refuse('user_id', `user ${user.user_id} is not active`)
  const now = clock() / 1000
  if (answer.auth_time !== undefined && answer.auth_time > now + CLOCK_TOLERANCE) {
    throw refuse('auth_time', 'lies in the future: give seconds since 1970, and check the clock')
  }
  const asked = Math.floor(challenge.issuedAt / 1000)
  if (challenge.reauthenticate && answer.auth_time !== undefined && answer.auth_time < asked - CLOCK_TOLERANCE) {
    throw refuse('auth_time', 'is before the challenge: the person must sign in again')
  }
  if (answer.company_id !== undefined) {
    const membership = await findMember(store, answer.company_id, answer.user_id)
    if (membership?.active !== 1) throw refuse('company_id', `user ${user.user_id} is no active member of it`)
  }
  return answer
}

/** @throws {InputError} where it allows what was not asked for */
export function checkConsent(
  { scopes: asked = [], installFor = ['me'] }: Challenge,
  input: unknown,
): ConsentAcceptance {
  const answer = checkInput(consentAcceptance, input)
  const [more] = (answer.scopes ?? []).filter(scope => !asked.includes(scope))
  if (!installFor.includes(answer.install_for ?? 'me')) {
    const message = `must be one that the challenge offers: ${installFor.join(', ')}`
    throw new InputError(`install_for: ${message}`, [{ path: 'install_for', message }])
  }
  if (more === undefined) return answer
  const message = `must be among those that were asked for: ${asked.join(', ')}`
  throw new InputError(`scopes: ${message}`, [{ path: 'scopes', message }])
}

export const checkRejection = (input: unknown): Rejection => checkInput(rejection, input)

/**
 * Keeps the answer until the person comes back. Giving the same answer again is no mistake.
 * @returns where to send the person's browser
 * @throws {TakenError} where there was another answer, or the person has come back with it
 */
export async function keepAnswer(
  runtime: Runtime,
  challenge: Challenge,
  text: string,
  answer: ChallengeAnswer,
): Promise<string> {
  const { store, clock, settings } = runtime
  const row = {
    challenge_id: challenge.id,
    challenge: text,
    answer: JSON.stringify(answer),
    used_at: null,
    expires_at: clock() + ANSWER_LIFETIME,
  }
  await store.write([insertChallengeAnswer(store, row)])
  const kept = await findChallengeAnswer(store, challenge.id)
  if (!kept || kept.used_at !== null || kept.answer !== row.answer) {
    throw new TakenError('This challenge was answered before. Each can be answered once.')
  }
  return `${settings.origin}${returnPaths[challenge.kind]}?${new URLSearchParams({ answer: verifierOf(runtime, challenge) })}`
}

/** Where people come back to. */
export const returnPaths = { login: '/sign-in/return', consent: '/oauth/authorize/return' } as const
