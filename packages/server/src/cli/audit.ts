import type { Command } from 'commander'
import { representCheckpoint, representEvent } from '../admin-api/audit.ts'
import { type ChainReport, verifyChain } from '../audit/chain.ts'
import { NO_COMPANY } from '../audit/record.ts'
import type { Runtime } from '../config/runtime.ts'
import { findAuditCheckpoint } from '../store/queries/audit-checkpoints.ts'
import { listAuditEvents, listChained, listChains } from '../store/queries/audit-events.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { given, parseId } from './arguments.ts'
import { formatMoment, print, printRows } from './output.ts'
import { UsageError } from './usage-error.ts'

interface AuditOptions extends AdministrationOptions {
  company?: number
}

const EXPORTED_AT_ONCE = 500

export function addAuditCommands(program: Command) {
  const audit = program.command('audit').description('the audit log: who did what')
  const ofCompany = 'of this company; what belongs to no company if left out'

  administer(audit.command('list').description('the newest events'))
    .option('--company <id>', ofCompany, parseId)
    .option('--user <id>', 'only about this user', parseId)
    .option('--action <action>', 'only this action, such as member.changed')
    .option('--limit <number>', 'how many', parseId, 100)
    .action(async (options: AuditOptions & { user?: number; action?: string; limit: number }) => {
      const { company = NO_COMPANY, user, action, limit } = options
      const query = { companyId: company, limit, ...given({ userId: user, action }) } as Parameters<
        typeof listAuditEvents
      >[1]
      const rows = await withRuntime(options, ({ store }) => listAuditEvents(store, query))
      const events = rows.map(representEvent)
      if (options.json) console.log(JSON.stringify(events))
      else {
        const lines = events.map(({ at, action, actor, user_id, client_id, facts, personal }) => ({
          at,
          action,
          by: actor.id === null ? actor.type : `${actor.type} ${actor.id}`,
          user_id,
          client_id,
          details: JSON.stringify({ ...facts, ...personal }),
        }))
        printRows({}, lines, 'Nothing was recorded yet.')
      }
    })

  administer(
    audit.command('export').description('a chain as lines of JSON: where it was cut, then the oldest event first'),
  )
    .option('--company <id>', ofCompany, parseId)
    .action(async (options: AuditOptions) => {
      await withRuntime(options, ({ store }) => exportChain(store, options.company ?? NO_COMPANY))
    })

  administer(audit.command('verify').description('check that no event was changed or removed'))
    .option('--company <id>', 'only the chain of this company', parseId)
    .action(async (options: AuditOptions) => {
      const reports = await withRuntime(options, runtime => verify(runtime, options.company))
      const rows = reports.map(({ companyId, events, cut, unchained, erased, end, problem }) => ({
        company_id: companyId === NO_COMPANY ? null : companyId,
        events,
        cut_after: cut?.seq ?? null,
        cut_at: cut === null ? null : formatMoment(cut.cutAt),
        cut_signed_by: cut?.keyId ?? null,
        unchained,
        erased,
        end,
        problem: problem === null ? null : `event ${problem.seq}: ${problem.reason}`,
      }))
      printRows(options, rows, 'Nothing was recorded yet.')
      const broken = rows.filter(({ problem }) => problem !== null)
      if (broken.length > 0)
        throw new UsageError(`${broken.length} of ${rows.length} chains are not as they were written.`)
      if (options.json) return
      print({}, null, `${rows.length} chains are as they were written.`)
      if (reports.some(({ cut }) => cut?.isOwnKey === null)) {
        console.log(
          'Set TENANTRY_SECRETS to the secrets of the server, so that it can be told whether the cuts were signed by its own key.',
        )
      }
    })
}

async function verify(runtime: Runtime, company: number | undefined): Promise<ChainReport[]> {
  const chains = company === undefined ? await listChains(runtime.store) : [company]
  const reports: ChainReport[] = []
  for (const companyId of chains) reports.push(await verifyChain(runtime, companyId))
  return reports
}

async function exportChain(store: Runtime['store'], companyId: number) {
  const checkpoint = await findAuditCheckpoint(store, companyId)
  if (checkpoint) console.log(JSON.stringify(representCheckpoint(checkpoint)))
  let after = checkpoint?.seq ?? 0
  for (;;) {
    const rows = await listChained(store, companyId, after, EXPORTED_AT_ONCE)
    for (const row of rows) console.log(JSON.stringify(representEvent(row)))
    if (rows.length < EXPORTED_AT_ONCE) return
    after = rows.at(-1)!.seq!
  }
}
