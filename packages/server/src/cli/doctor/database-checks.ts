import type { Runtime } from '../../config/runtime.ts'
import { LOAD_SETTING } from '../../load/load.ts'
import { sandboxState } from '../../sandbox/seed.ts'
import { readDatabaseClock } from '../../store/queries/database-clock.ts'
import { listMasterKeys } from '../../store/queries/master-keys.ts'
import { findSetting } from '../../store/queries/settings.ts'
import { findCopyLeftovers } from '../../transfer/copy.ts'
import { TRANSFER_SETTING } from '../../transfer/tables.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

const MIB = 1024 * 1024
const LARGE_WAL = 256 * MIB
/** Milliseconds by which clocks may differ. */
const CLOCK_TOLERANCE = 2000

/** Whether the database can be used as it is: its schema, its rights, what is in it. */
export async function checkDatabase({ store }: Runtime): Promise<Finding[]> {
  // Its schema is looked at first, and refused where it is not the program's.
  await store.ready
  await store.ping()
  const findings = [ok('database', 'It answers, can be written to, and has the schema of this program.')]
  if (['ready', 'half'].includes(await sandboxState(store))) {
    findings.push(
      problem(
        'database',
        'It is a sandbox, whose passwords are public.',
        'Give another database; `tenantry serve` refuses this one.',
      ),
    )
  }
  if ((await findSetting(store, LOAD_SETTING)) !== undefined) {
    findings.push(problem('database', 'It holds synthetic data of `tenantry load`.', 'Give another database.'))
  }
  if ((await findSetting(store, TRANSFER_SETTING)) !== undefined) {
    findings.push(
      problem(
        'database',
        'A transfer into it has not finished.',
        'Let it finish, or run `tenantry import` or `tenantry copy` again.',
      ),
    )
  }
  const leftovers = await findCopyLeftovers(store)
  if (leftovers !== undefined) findings.push(warning('database', leftovers, 'See the guide to moving.'))
  const { walBytes = 0 } = await store.stats()
  if (walBytes > LARGE_WAL) {
    findings.push(
      warning(
        'database',
        `${Math.round(walBytes / MIB)} MiB of commits are not in the database file yet.`,
        'Look for a program that keeps the file open and reads for hours, such as a backup.',
      ),
    )
  }
  return findings
}

/** Whether the configured secrets are those of the database. */
export async function checkKeys({ store, keys }: Runtime): Promise<Finding[]> {
  // Loading makes the first ones, and this changes nothing.
  if ((await listMasterKeys(store)).length === 0) return [ok('keys', 'There are none yet: the first start makes them.')]
  await keys.load()
  return [ok('keys', 'The secrets open the keys that are in the database.')]
}

/** Whether this machine's clock is that of the database. */
export async function checkDatabaseClock({ store, clock }: Runtime): Promise<Finding[]> {
  const theirs = await readDatabaseClock(store)
  return theirs === undefined ? [] : [compareClocks('the database', theirs, clock())]
}

/** @param theirs milliseconds since 1970 */
export function compareClocks(whose: string, theirs: number, ours: number, tolerance = CLOCK_TOLERANCE): Finding {
  const seconds = Math.round((ours - theirs) / 1000)
  if (Math.abs(ours - theirs) <= tolerance) return ok('clock', `It agrees with the clock of ${whose}.`)
  return problem(
    'clock',
    `This machine’s clock is ${Math.abs(seconds)} seconds ${seconds > 0 ? 'ahead of' : 'behind'} that of ${whose}.`,
    'Set both by a time service (timedatectl set-ntp true).',
  )
}
