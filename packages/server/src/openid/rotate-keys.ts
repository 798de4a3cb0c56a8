import { recordEvent } from '../audit/record.ts'
import type { Runtime } from '../config/runtime.ts'
import { newSigningKeys, type SigningKeyFacts } from './signing-keys.ts'

/** Keys that were made together. Times are milliseconds since 1970. */
export interface RotatedKeys {
  /** Of the master key. */
  keyId: number
  activeAt: number
  /** One for each algorithm in use. */
  signingKeys: Pick<SigningKeyFacts, 'keyId' | 'algorithm' | 'activeAt'>[]
}

/**
 * Makes a new master key and new keys to sign ID tokens with, in one commit; the earlier ones still verify.
 * @throws {WriteConflict} when another program has just done so
 */
export async function rotateKeys(runtime: Runtime): Promise<RotatedKeys> {
  const { keys, statements } = await newSigningKeys(runtime)
  const activeAt = await runtime.keys.rotate([...statements, recordEvent(runtime, { action: 'key.rotated' })])
  return { keyId: runtime.keys.list()[0]!.keyId, activeAt, signingKeys: keys }
}
