import type { Command } from 'commander'
import { pino } from 'pino'
import { listen } from '../listen.ts'
import { sandboxState } from '../sandbox/seed.ts'
import { createRuntime, serveRuntime } from '../server.ts'
import { parsePort } from './arguments.ts'
import { databasePath, hasDatabase } from './data-folder.ts'
import { readConfiguration, type ServeFlags } from './serve-configuration.ts'
import { closeOnSignal } from './signals.ts'
import { UsageError } from './usage-error.ts'

export function addServeCommand(program: Command) {
  program
    .command('serve')
    .description('the provider, for production')
    .option('--config <file>', 'a JSON file; TENANTRY_* variables and flags weigh more')
    .option('--data <dir>', 'the data folder (TENANTRY_DATA)')
    .option('--origin <url>', 'the https address it is reached at (TENANTRY_ORIGIN)')
    .option('--host <address>', 'the address to listen on (TENANTRY_HOST), 127.0.0.1 when not given')
    .option('--port <number>', 'the port to listen on (TENANTRY_PORT), 4040 when not given', parsePort)
    .addHelpText(
      'after',
      `
The secrets come from TENANTRY_SECRETS or the file: at least one of at least 32 characters, the current
one first, separated by commas. TENANTRY_MODE=development allows an http origin on this machine.`,
    )
    .action(runServe)
}

async function runServe(flags: ServeFlags) {
  const { host, port, data, logLevel, mode, secrets, ...settings } = readConfiguration(flags, process.env)
  if (!hasDatabase(data)) {
    throw new UsageError(`There is no database in ${data}. Make it with \`tenantry migrate --data ${data}\`.`)
  }
  const listener = await listen(host, port)
  try {
    const logger = pino({ level: logLevel })
    const runtime = createRuntime({ ...settings, secrets, logger, store: { path: databasePath(data), migrate: false } })
    if (['ready', 'half'].includes(await sandboxState(runtime.store))) {
      await runtime.store.close()
      throw new UsageError(
        `The database in ${data} is a sandbox, whose passwords everybody knows. It is served by \`tenantry dev\` only.`,
      )
    }
    const tenantry = serveRuntime(runtime)
    listener.serve(tenantry)
    logger.info({ origin: settings.origin, host, port: listener.port, mode }, 'ready')
    await closeOnSignal(listener, tenantry)
    logger.info('closed')
  } catch (error) {
    await listener.close()
    throw error
  }
}
