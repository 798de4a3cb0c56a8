import type { Command } from 'commander'
import { pino } from 'pino'
import type { Runtime } from '../../config/runtime.ts'
import { SettingsError } from '../../config/settings.ts'
import { createRuntime } from '../../server.ts'
import { databasePath } from '../data-folder.ts'
import { requireDatabase } from '../database.ts'
import { print } from '../output.ts'
import { type Configuration, readConfiguration, type ServeFlags } from '../serve-configuration.ts'
import { UsageError } from '../usage-error.ts'
import { checkAdminKeys, checkCallbacks } from './app-checks.ts'
import { checkDatabase, checkDatabaseClock, checkKeys } from './database-checks.ts'
import { type Check, type Finding, ok, problem, worstOf } from './finding.ts'
import { checkMachine } from './machine-checks.ts'
import { checkOrigin } from './origin-checks.ts'

interface DoctorFlags extends Pick<ServeFlags, 'config' | 'data' | 'database' | 'origin'> {
  json?: boolean
  /** False where this machine cannot reach the origin. */
  network: boolean
}

export function addDoctorCommand(program: Command) {
  program
    .command('doctor')
    .description('look at configuration, database, clock, TLS, proxy and callbacks, and say what to mend')
    .option('--config <file>', 'a JSON file, as for `serve`; TENANTRY_* variables and flags weigh more')
    .option('--data <dir>', 'the data folder (TENANTRY_DATA)')
    .option('--database <url>', 'a PostgreSQL database instead (TENANTRY_DATABASE_URL, TENANTRY_DATABASE_URL_FILE)')
    .option('--origin <url>', 'the address it is reached at (TENANTRY_ORIGIN)')
    .option('--no-network', 'do not call the origin')
    .option('--json', 'print the findings as one line of JSON')
    .addHelpText(
      'after',
      '\nIt changes nothing. The exit code is 1 if there is a problem, 0 if there are warnings at most.',
    )
    .action(runDoctor)
}

async function runDoctor({ json, network, ...flags }: DoctorFlags) {
  const findings = await examine(flags, network, process.env)
  print({ json: json ?? false }, { status: worstOf(findings), findings }, describe(findings))
  if (worstOf(findings) === 'problem') process.exitCode = 1
}

async function examine(flags: ServeFlags, network: boolean, environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  let configuration: Configuration
  try {
    configuration = readConfiguration(flags, environment)
    requireDatabase(
      configuration.database === undefined ? { data: configuration.data! } : { url: configuration.database },
    )
  } catch (error) {
    if (!(error instanceof SettingsError) && !(error instanceof UsageError)) throw error
    const lines = error.message.split('\n').map(line => line.trim())
    const mistakes = lines.length > 1 ? lines.slice(1) : lines
    return mistakes.map(mistake => problem('configuration', mistake, 'Nothing else was looked at: mend this first.'))
  }
  const findings = [ok('configuration', 'It is complete, and its values make sense.')]
  findings.push(...(await attempt('machine', () => checkMachine(configuration, environment))))
  findings.push(...(await examineDatabase(configuration)))
  if (network) findings.push(...(await attempt('origin', () => checkOrigin(configuration))))
  return findings
}

async function examineDatabase(configuration: Configuration): Promise<Finding[]> {
  const { data, database, secrets, origin, scopes, outboundProxy, brand } = configuration
  let runtime: Runtime | undefined
  try {
    const opened = createRuntime({
      store:
        database === undefined
          ? { path: databasePath(data!), migrate: false }
          : { url: database, migrate: false, connections: 2 },
      secrets,
      origin,
      scopes,
      outboundProxy,
      brand,
      logger: pino({ enabled: false }),
    })
    runtime = opened
    const findings = await attempt('database', () => checkDatabase(opened))
    // One that cannot be used at all says the same each time.
    if (findings.every(({ status }) => status === 'problem')) return findings
    for (const [name, check] of [
      ['keys', checkKeys],
      ['clock', checkDatabaseClock],
      ['callbacks', checkCallbacks],
      ['admin keys', checkAdminKeys],
    ] as const) {
      findings.push(...(await attempt(name, () => check(opened))))
    }
    return findings
  } catch (error) {
    return [problem('database', (error as Error).message, 'Mend this first.')]
  } finally {
    await runtime?.store.close().catch(() => {})
  }
}

/** What a check throws is what it found. */
async function attempt(name: string, check: Check): Promise<Finding[]> {
  try {
    return await check()
  } catch (error) {
    return [problem(name, (error as Error).message, 'Mend this first.')]
  }
}

const SIGNS = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' }

function describe(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ check, status, message, advice }) => [
    `${SIGNS[status]}  ${check}: ${message}`,
    ...(advice === undefined ? [] : [`         ${advice}`]),
  ])
  const count = (status: Finding['status']) => findings.filter(finding => finding.status === status).length
  const [problems, warnings] = [count('problem'), count('warning')]
  const sum =
    problems + warnings === 0
      ? 'All is well.'
      : `${problems} ${problems === 1 ? 'problem' : 'problems'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.`
  return [...lines, '', sum].join('\n')
}
