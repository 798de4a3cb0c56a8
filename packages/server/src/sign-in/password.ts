import type { Options } from '@node-rs/argon2'
import { recordEvent } from '../audit/record.ts'
import { endSessionsOfUser } from '../companies/end-sessions.ts'
import { InputError } from '../companies/input.ts'
import { requireUser } from '../companies/users.ts'
import type { Runtime } from '../config/runtime.ts'
import { setPasswordHash, type UserRow } from '../store/queries/users.ts'
import { retryOnConflict, type Statement } from '../store/store.ts'
import { inSpan } from '../tracing/spans.ts'
import { HashingQueue } from './hashing-queue.ts'
import { verifyHash } from './verify-hash.ts'

/** OWASP's first choice: argon2id (2 in the library's numbers), 19 MiB, two passes, one lane. */
const PARAMETERS: Options = { algorithm: 2, memoryCost: 19456, timeCost: 2, parallelism: 1 }
const MIN_LENGTH = 8
const MAX_BYTES = 1024

/** The hash of a random password, made with the same parameters. */
const NOBODYS_HASH = '$argon2id$v=19$m=19456,t=2,p=1$VmX3bmu1H+wiusgs3g4hBw$tC+WAE1dDLab99VSQRTGT2GK0k+FRpU/Fq8U/QRDTPo'

/** One for the whole process, whose cores it shares with answering. */
export const hashingQueue = new HashingQueue()

/** With the time that it waits. */
function inQueue<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  return inSpan(
    () => name,
    () => ({ 'tenantry.queue_length': hashingQueue.length.waiting }),
    () => hashingQueue.run(work),
  )
}

/** A PHC string. @throws {TooBusy} */
export function hashPassword(password: string): Promise<string> {
  return inQueue('hash password', async () => {
    const { hash } = await import('@node-rs/argon2')
    return hash(normalize(password), PARAMETERS)
  })
}

/**
 * Whether the password is this user's. Takes the same time when there is no such user or password, so that the response time does
 * not reveal which e-mail addresses have an account.
 * @throws {TooBusy} when more are being checked than can be
 */
export async function holdsPassword(user: UserRow | undefined, password: string): Promise<boolean> {
  if (Buffer.byteLength(password) > MAX_BYTES) return false
  const right = await inQueue('check password', () => verifyHash(user?.password_hash ?? NOBODYS_HASH, password))
  return right && Boolean(user?.password_hash) && user!.active === 1 && user!.deleted_at === null
}

/** How our own hashes begin. */
const OWN = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/

/**
 * A hash of our own for a user whose password was imported with another one; undefined where it is ours.
 * @param password as it was verified
 */
export async function upgradedHash(user: UserRow, password: string): Promise<string | undefined> {
  return user.password_hash === null || OWN.test(user.password_hash) ? undefined : hashPassword(password)
}

/**
 * Sets a password (8 characters to 1024 bytes) and signs the user out everywhere.
 * @throws {InputError} if there is no such user, or the password is too short or too long
 * @example
 * ```ts
 * import { setPassword } from 'tenantry'
 * await setPassword(runtime, user.user_id, 'shaken-not-stirred')
 * ```
 */
export async function setPassword(runtime: Runtime, userId: number, password: string): Promise<void> {
  await requireUser(runtime.store, userId)
  await setPasswordIf(runtime, userId, password, async () => [])
}

/**
 * The same, if conditions hold in the commit.
 * @param conditions undefined where they do not hold any more; asked again when another write came first
 * @returns false where they do not
 * @throws {InputError} if the password is too short or too long
 */
export async function setPasswordIf(
  runtime: Runtime,
  userId: number,
  password: string,
  conditions: () => Promise<readonly Statement[] | undefined>,
): Promise<boolean> {
  const { store, clock } = runtime
  const mistake = passwordMistake(password)
  if (mistake === 'short') throw new InputError(`The password needs at least ${MIN_LENGTH} characters.`)
  if (mistake === 'long') throw new InputError('The password is longer than 1024 bytes.')
  const passwordHash = await hashPassword(password)
  return retryOnConflict(async () => {
    const holding = await conditions()
    if (!holding) return false
    await store.write([
      ...holding,
      setPasswordHash(store, userId, passwordHash, clock()),
      ...(await endSessionsOfUser(runtime, userId)),
      recordEvent(runtime, { action: 'user.password_set', userId }),
    ])
    return true
  })
}

/** What is wrong with a password that someone chose. */
export function passwordMistake(password: string): 'short' | 'long' | undefined {
  if ([...password].length < MIN_LENGTH) return 'short'
  return Buffer.byteLength(password) > MAX_BYTES ? 'long' : undefined
}

/** The same characters typed on another keyboard are the same password (NIST SP 800-63B section 3.1.1.2). */
function normalize(password: string): string {
  return password.normalize('NFKC')
}
