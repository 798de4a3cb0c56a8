import type { ClockGuard } from './config/clock-guard.ts'
import { decrypt, encrypt } from './config/keys.ts'
import type { Runtime } from './config/runtime.ts'
import { signingKeyOwner } from './config/signing-key.ts'
import { deleteOldSigningKeys } from './openid/signing-keys.ts'
import { listEncryptedSecrets, reencryptAppSecret } from './store/queries/apps.ts'
import { listSigningKeys, resealSigningKey } from './store/queries/signing-keys.ts'
import { type Statement, WriteConflict } from './store/store.ts'

/** Something that is encrypted in the database for longer than a master key lives. */
interface Sealed {
  owner: string
  sealed: string
  /** Holds only while it is as it was read. */
  reseal(sealed: string): Statement
}

/**
 * Loads the keys that other nodes made, encrypts client secrets and signing keys under the current one, and deletes keys
 * that nothing needs any more, unless the clock may be wrong.
 */
export async function maintainKeys(runtime: Runtime, guard: ClockGuard): Promise<boolean> {
  await runtime.keys.load()
  const current = runtime.keys.encryption[0]!.id
  for (const each of await listSealed(runtime)) {
    if (idOf(each) !== current) await reseal(runtime, each)
  }
  if (!(await guard.isTrusted())) return false
  await deleteOldSigningKeys(runtime)
  const needed = new Set((await listSealed(runtime)).map(idOf))
  await runtime.keys.deleteOld(id => needed.has(id))
  return false
}

async function listSealed({ store }: Runtime): Promise<Sealed[]> {
  const apps = (await listEncryptedSecrets(store)).map(({ client_id, encrypted_secret }) => ({
    owner: client_id,
    sealed: encrypted_secret,
    reseal: (sealed: string) => reencryptAppSecret(store, client_id, encrypted_secret, sealed),
  }))
  const signing = (await listSigningKeys(store)).map(row => ({
    owner: signingKeyOwner(row.key_id),
    sealed: row.sealed,
    reseal: (sealed: string) => resealSigningKey(store, row, sealed),
  }))
  return [...apps, ...signing]
}

async function reseal({ keys, store, log }: Runtime, { owner, sealed, reseal }: Sealed) {
  const text = decrypt(keys, sealed, owner)
  if (text === undefined) {
    log.warn({ owner }, 'a client secret or a signing key cannot be decrypted with the configured secrets')
    return
  }
  try {
    await store.write([reseal(encrypt(keys, text, owner))])
  } catch (error) {
    // Another node did the same, or the app was given a new secret.
    if (!(error instanceof WriteConflict)) throw error
  }
}

function idOf({ sealed }: Sealed): string {
  return sealed.slice(0, sealed.indexOf('.'))
}
