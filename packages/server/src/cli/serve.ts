import cluster from 'node:cluster'
import type { Command } from 'commander'
import { type Logger, pino } from 'pino'
import { LOAD_SETTING } from '../load/load.ts'
import { type Listener, listen } from '../node-server/listen.ts'
import { sandboxState } from '../sandbox/seed.ts'
import { createRuntime, serveRuntime, type Tenantry } from '../server.ts'
import { findSetting } from '../store/queries/settings.ts'
import { findCopyLeftovers } from '../transfer/copy.ts'
import { TRANSFER_SETTING } from '../transfer/tables.ts'
import { parsePort, parseWorkers } from './arguments.ts'
import { readCertificate } from './certificate.ts'
import { collectWhenIdle } from './collect-when-idle.ts'
import { databasePath } from './data-folder.ts'
import { type Database, nameDatabase, requireDatabase, warnOfPassword } from './database.ts'
import { readEnvironment } from './environment.ts'
import { LogDestination } from './log-destination.ts'
import { serveMetrics } from './metrics-server.ts'
import { type Configuration, readConfiguration, type ServeFlags } from './serve-configuration.ts'
import { closeOnSignal } from './signals.ts'
import { startTracing } from './tracing.ts'
import { UsageError } from './usage-error.ts'
import { answerMetrics, reportReady, runWorkers } from './workers.ts'

/** Milliseconds for which an idle connection may still be used while the server closes. */
const IDLE_GRACE = 2000

export function addServeCommand(program: Command) {
  program
    .command('serve')
    .description('the provider, for production')
    .option('--config <file>', 'a JSON file; TENANTRY_* variables and flags weigh more')
    .option('--data <dir>', 'the data folder (TENANTRY_DATA)')
    .option(
      '--database <url>',
      'a PostgreSQL database instead, postgres://… (TENANTRY_DATABASE_URL, TENANTRY_DATABASE_URL_FILE)',
    )
    .option('--origin <url>', 'the https address it is reached at (TENANTRY_ORIGIN)')
    .option('--host <address>', 'the address to listen on (TENANTRY_HOST), 127.0.0.1 when not given')
    .option('--port <number>', 'the port to listen on (TENANTRY_PORT), 4040 when not given', parsePort)
    .option(
      '--tls-cert <file>',
      'a PEM file with the certificate and its chain, for TLS without a proxy (TENANTRY_TLS_CERT)',
    )
    .option('--tls-key <file>', 'the PEM file with its private key (TENANTRY_TLS_KEY)')
    .option('--workers <number>', 'processes that share the port (TENANTRY_WORKERS), 1 when not given', parseWorkers)
    .addHelpText(
      'after',
      `
The secrets come from TENANTRY_SECRETS, TENANTRY_SECRETS_FILE or the configuration file: at least one of at least 32 characters, the current
one first, separated by commas. TENANTRY_MODE=development allows an http origin on this machine.
With several workers, SIGHUP replaces them one by one, and reads the configuration again. With one it reads the certificate again.`,
    )
    .action(runServe)
}

async function runServe(flags: ServeFlags) {
  warnOfPassword(flags.database, '--database')
  const configuration = readConfiguration(flags, process.env)
  requireDatabase(databaseOf(configuration))
  const destination = new LogDestination(1)
  try {
    await runConfigured(configuration, pino({ level: configuration.logLevel }, destination))
  } finally {
    destination.close()
  }
}

async function runConfigured(configuration: Configuration, logger: Logger) {
  const { ignored } = readEnvironment(process.env)
  if (ignored.length > 0 && cluster.isPrimary) {
    logger.warn(
      { variables: ignored },
      'ignored variables that Kubernetes sets for a service; a Service with another name, or enableServiceLinks: false, avoids them',
    )
  }
  warnOfProxyVariables(configuration, logger)
  if (configuration.workers > 1 && cluster.isPrimary) return runWorkers(configuration, logger)
  const certificate = readCertificate(configuration)
  const listener = await listen(configuration.host, configuration.port, { certificate })
  try {
    await serve(listener, configuration, logger)
  } catch (error) {
    await listener.close()
    throw error
  }
}

async function serve(listener: Listener, configuration: Configuration, logger: Logger) {
  const {
    host,
    port: _,
    tlsCert: _cert,
    tlsKey: _key,
    data,
    database,
    databaseConnections,
    metricsPort,
    metricsHost,
    logLevel,
    mode,
    workers,
    secrets,
    ...settings
  } = configuration
  const tracing = await startTracing(process.env, logger)
  const runtime = createRuntime({
    ...settings,
    secrets,
    logger,
    store:
      database === undefined
        ? { path: databasePath(data!), migrate: false }
        : { url: database, migrate: false, connections: databaseConnections },
  })
  try {
    await runtime.store.ready
    if (['ready', 'half'].includes(await sandboxState(runtime.store))) {
      throw new UsageError(
        `The database in ${data ?? nameDatabase(databaseOf(configuration))} is a sandbox, whose passwords are public. Only \`tenantry dev\` serves it.`,
      )
    }
    if (mode === 'production' && (await findSetting(runtime.store, LOAD_SETTING)) !== undefined) {
      throw new UsageError(
        'This database holds synthetic data of `tenantry load`. It is served with TENANTRY_MODE=development only.',
      )
    }
    if ((await findSetting(runtime.store, TRANSFER_SETTING)) !== undefined) {
      throw new UsageError(
        'This database is being filled by `tenantry import` or `tenantry copy`. Let that finish, or give it the same export again.',
      )
    }
    await runtime.keys.load()
    const leftovers = await findCopyLeftovers(runtime.store)
    if (leftovers !== undefined) logger.warn(leftovers)
  } catch (error) {
    await runtime.store.close()
    throw error
  }
  const tenantry = serveRuntime(runtime)
  const metrics = await offerMetrics(tenantry, configuration)
  listener.serve(tenantry)
  const facts = { origin: settings.origin, host, port: listener.port, mode }
  const stopCollecting = collectWhenIdle()
  const closed = closeOnSignal(listener, tenantry, {
    idleGrace: IDLE_GRACE,
    onHangup: () => hangUp(listener, configuration, logger),
  })
  if (cluster.isWorker) reportReady(listener.port)
  else logger.info(facts, 'ready')
  await closed
  stopCollecting()
  await metrics?.close()
  await tracing?.stop()
  if (!cluster.isWorker) logger.info('closed')
}

/** On a port of this process, or to the process that started this one. */
async function offerMetrics({ runtime }: Tenantry, configuration: Configuration) {
  if (configuration.metricsPort === undefined) return undefined
  const { Exposition } = await import('../metrics/exposition.ts')
  const exposition = new Exposition(runtime.metrics)
  if (!cluster.isWorker) return serveMetrics(configuration, async () => [await exposition.snapshot()], runtime.log)
  answerMetrics(() => exposition.snapshot())
  return undefined
}

function databaseOf({ data, database }: Configuration): Database {
  return database === undefined ? { data: data! } : { url: database }
}

/** People who set these variables expect them to be used. */
function warnOfProxyVariables({ outboundProxy }: Configuration, logger: Logger) {
  const variable = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'].find(name => process.env[name])
  if (variable === undefined || outboundProxy !== undefined || !cluster.isPrimary) return
  logger.warn(`${variable} is not used: set TENANTRY_OUTBOUND_PROXY if requests to apps must go through a proxy`)
}

function hangUp(listener: Listener, configuration: Configuration, logger: Logger) {
  if (configuration.tlsCert === undefined) {
    logger.warn('SIGHUP replaces workers, and there are none; start with --workers 2 or more')
    return
  }
  try {
    listener.replaceCertificate(readCertificate(configuration)!)
    logger.info('new connections get the certificate that is in the file now')
  } catch (error) {
    logger.error({ err: error }, 'the certificate was not replaced; the one before stays in use')
  }
}
