import { createRequire } from 'node:module'
import { DiagLogLevel, diag } from '@opentelemetry/api'
import type { Logger } from 'pino'
import { UsageError } from './usage-error.ts'

/** Any of these asks for traces; the others say how. */
const ASKING = ['OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']
const SDK = '@opentelemetry/sdk-node'

export interface RunningTracing {
  /** Sends what was recorded. */
  stop(): Promise<void>
}

/**
 * Sets up what records spans and sends them away, as the variables of OpenTelemetry say (`OTEL_*`), where one of them asks for it.
 * Called before a provider is created.
 * @throws {UsageError} when they ask for it and the SDK is not installed
 */
export async function startTracing(environment: NodeJS.ProcessEnv, log: Logger): Promise<RunningTracing | undefined> {
  const isAsked = ASKING.some(name => environment[name]) && environment.OTEL_TRACES_EXPORTER !== 'none'
  if (!isAsked || environment.OTEL_SDK_DISABLED === 'true') return undefined
  const { NodeSDK, resources } = await importSdk(ASKING.find(name => environment[name])!)
  // Only traces: metrics are Prometheus', and logs go to standard output.
  environment.OTEL_METRICS_EXPORTER ??= 'none'
  environment.OTEL_LOGS_EXPORTER ??= 'none'
  diag.setLogger(logger(log), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
  const sdk = new NodeSDK({
    serviceName: environment.OTEL_SERVICE_NAME || 'tenantry',
    // The arguments of the process are left out: they may have a password in them.
    resourceDetectors: [resources.envDetector, resources.hostDetector],
    instrumentations: [],
  })
  sdk.start()
  return {
    async stop() {
      await sdk.shutdown().catch(error => log.warn({ err: error }, 'the last traces could not be sent'))
    },
  }
}

async function importSdk(variable: string): Promise<typeof import('@opentelemetry/sdk-node')> {
  try {
    createRequire(import.meta.url).resolve(SDK)
  } catch {
    throw new UsageError(
      `${variable} is set, and ${SDK} is not installed. Run \`npm install ${SDK}\` beside tenantry, or unset the variable.`,
    )
  }
  return import('@opentelemetry/sdk-node')
}

/** What the SDK complains of, such as a collector that does not answer, in our log. */
function logger(log: Logger) {
  const say = (level: 'warn' | 'error') => (message: string) => log[level]({ from: 'OpenTelemetry' }, message)
  const nothing = () => {}
  return { error: say('error'), warn: say('warn'), info: nothing, debug: nothing, verbose: nothing }
}
