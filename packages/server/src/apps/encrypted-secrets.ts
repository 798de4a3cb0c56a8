import type { ClockGuard } from '../config/clock-guard.ts'
import { decrypt, encrypt } from '../config/keys.ts'
import type { Runtime } from '../config/runtime.ts'
import { listEncryptedSecrets, reencryptAppSecret } from '../store/queries/apps.ts'
import { WriteConflict } from '../store/store.ts'

/**
 * Loads the keys that other nodes made, encrypts client secrets under the current one, and deletes keys that
 * nothing needs any more, unless the clock may be wrong.
 */
export async function maintainKeys(runtime: Runtime, guard: ClockGuard): Promise<boolean> {
  await runtime.keys.load()
  const apps = await listEncryptedSecrets(runtime.store)
  const current = runtime.keys.encryption[0]!.id
  for (const app of apps.filter(({ encrypted_secret }) => idOf(encrypted_secret) !== current)) {
    await reencrypt(runtime, app.client_id, app.encrypted_secret)
  }
  if (!(await guard.isTrusted())) return false
  const needed = new Set((await listEncryptedSecrets(runtime.store)).map(app => idOf(app.encrypted_secret)))
  await runtime.keys.deleteOld(id => needed.has(id))
  return false
}

async function reencrypt({ keys, store, log }: Runtime, clientId: string, before: string) {
  const secret = decrypt(keys, before, clientId)
  if (secret === undefined) {
    log.warn({ client_id: clientId }, 'the client secret cannot be decrypted with the configured secrets')
    return
  }
  try {
    await store.write([reencryptAppSecret(store, clientId, before, encrypt(keys, secret, clientId))])
  } catch (error) {
    // Another node did the same, or the app was given a new secret.
    if (!(error instanceof WriteConflict)) throw error
  }
}

function idOf(encrypted: string): string {
  return encrypted.slice(0, encrypted.indexOf('.'))
}
