import { type AuditAction, recordEvent } from '../../audit/record.ts'
import type { Runtime } from '../../config/runtime.ts'
import { endFamily, type Family } from '../../store/queries/families.ts'
import type { Statement } from '../../store/store.ts'

/**
 * Ends what a stolen code or refresh token has given, and records the theft.
 * @param presented removes what was used again, and holds only while it is there
 * @throws {WriteConflict} when another request has just done so
 */
export async function endReusedFamily(
  runtime: Runtime,
  action: Extract<AuditAction, 'code.reused' | 'refresh_token.reused'>,
  family: Family,
  presented: Statement,
): Promise<void> {
  const { company_id: companyId, user_id: userId, client_id: clientId } = family
  const event = recordEvent(runtime, { action, companyId, userId, clientId })
  await runtime.store.write([...endFamily(runtime.store, family, presented), event])
}
