import { Session } from '../../packages/server/src/store/postgres/session.ts'
import { isOfTests, ruleBroken } from './distribution-rules.ts'

const seen = new Set<string>()

/** Every text that this process has sent. */
export const sentStatements: ReadonlySet<string> = seen

/**
 * From now on each statement that is sent is held against the rules of a cluster, whether there is one or not: a test
 * that sends one which breaks them fails.
 */
export function watchStatements() {
  for (const method of ['query', 'arrays'] as const) {
    const send = Session.prototype[method] as (sql: string, values: readonly unknown[]) => Promise<never>
    Session.prototype[method] = async function (this: Session, sql: string, values: readonly unknown[] = []) {
      if (!seen.has(sql)) {
        seen.add(sql)
        const broken = isOfTests(sql) ? undefined : ruleBroken(sql)
        if (broken) throw new Error(`On a cluster this statement would go to every machine: ${broken}: ${sql}`)
      }
      return send.call(this, sql, values)
    }
  }
}
