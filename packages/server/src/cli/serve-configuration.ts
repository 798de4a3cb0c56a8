import { z } from 'zod'
import { listMistakes, SettingsError, settingsSchema } from '../config/settings.ts'
import { validationWords } from '../config/validation-words.ts'
import { splitSecrets } from './data-folder.ts'
import { readEnvironment } from './environment.ts'
import { readTextFile } from './text-file.ts'

export interface ServeFlags {
  config?: string
  data?: string
  database?: string
  origin?: string
  host?: string
  port?: number
  workers?: number
  tlsCert?: string
  tlsKey?: string
}

/** What `serve` can be configured with; each description is a line of the documentation. */
export const configurationSchema = settingsSchema.extend({
  data: z.string().min(1).optional().describe('The data folder, for the embedded database.'),
  database: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be an address such as postgres://user:password@host/database')
    .optional()
    .describe('The address of a PostgreSQL database, instead of `data`.'),
  databaseConnections: z.int().min(1).max(1000).default(10).describe('PostgreSQL connections of each process.'),
  secrets: z
    .array(z.string().trim().min(32, 'needs at least 32 characters; make one with `openssl rand -base64 32`'))
    .min(1)
    .describe(
      'At least one secret of at least 32 characters, separated by commas. The current one first, earlier ones after it.',
    ),
  host: z.string().min(1).default('127.0.0.1').describe('The address to listen on.'),
  port: z.int().min(0).max(65535).default(4040).describe('The port to listen on; 0 for any free one.'),
  tlsCert: z
    .string()
    .min(1)
    .optional()
    .describe('A PEM file with the certificate and its chain: connections use TLS then, without a proxy in front.'),
  tlsKey: z.string().min(1).optional().describe('The PEM file with the private key of `tlsCert`.'),
  workers: z.int().min(1).max(256).default(1).describe('Processes that share the port.'),
  metricsPort: z
    .int()
    .min(0)
    .max(65535)
    .optional()
    .describe('A port of its own for `/metrics` (Prometheus); without it there are none. Keep it from the public.'),
  metricsHost: z.string().min(1).default('127.0.0.1').describe('The address that `metricsPort` is on.'),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('The least severe lines to log.'),
  mode: z
    .enum(['production', 'development'])
    .default('production')
    .describe('`development` allows an http origin on this machine.'),
})

export type Configuration = z.output<typeof configurationSchema>

/** What is neither is refused with the name of the option. */
function readYesOrNo(text: string): boolean | string {
  return text === 'true' || (text === 'false' ? false : text)
}

/** How each variable is read. The names are the options', in capitals. */
export const variables: Record<string, { option: keyof Configuration; read: (text: string) => unknown }> = {
  TENANTRY_ORIGIN: { option: 'origin', read: String },
  TENANTRY_DATA: { option: 'data', read: String },
  TENANTRY_DATABASE_URL: { option: 'database', read: String },
  TENANTRY_DATABASE_CONNECTIONS: { option: 'databaseConnections', read: Number },
  TENANTRY_SECRETS: { option: 'secrets', read: splitSecrets },
  TENANTRY_HOST: { option: 'host', read: String },
  TENANTRY_PORT: { option: 'port', read: Number },
  TENANTRY_TLS_CERT: { option: 'tlsCert', read: String },
  TENANTRY_TLS_KEY: { option: 'tlsKey', read: String },
  TENANTRY_WORKERS: { option: 'workers', read: Number },
  TENANTRY_METRICS_PORT: { option: 'metricsPort', read: Number },
  TENANTRY_METRICS_HOST: { option: 'metricsHost', read: String },
  TENANTRY_MODE: { option: 'mode', read: String },
  TENANTRY_LOG_LEVEL: { option: 'logLevel', read: String },
  TENANTRY_REGISTRATION: { option: 'registration', read: String },
  TENANTRY_REGISTRATION_TOKEN: { option: 'registrationToken', read: String },
  TENANTRY_DPOP_NONCES: { option: 'dpopNonces', read: readYesOrNo },
  TENANTRY_COMPANY_APPS: { option: 'companyApps', read: readYesOrNo },
  TENANTRY_METADATA_DOCUMENTS: { option: 'metadataDocuments', read: readYesOrNo },
  TENANTRY_API_DOMAIN: { option: 'apiDomain', read: String },
  TENANTRY_ACCESS_TOKEN_LIFETIME: { option: 'accessTokenLifetime', read: Number },
  TENANTRY_AUTHORIZATION_CODE_LIFETIME: { option: 'authorizationCodeLifetime', read: Number },
  TENANTRY_REFRESH_TOKEN_LIFETIME: { option: 'refreshTokenLifetime', read: Number },
  TENANTRY_SESSION_LIFETIME: { option: 'sessionLifetime', read: Number },
  TENANTRY_SESSION_IDLE_TIMEOUT: { option: 'sessionIdleTimeout', read: Number },
  TENANTRY_AUDIT_RETENTION_DAYS: { option: 'auditRetentionDays', read: Number },
  TENANTRY_SMTP_URL: { option: 'smtpUrl', read: String },
  TENANTRY_MAIL_FROM: { option: 'mailFrom', read: String },
  TENANTRY_OUTBOUND_PROXY: { option: 'outboundProxy', read: String },
  TENANTRY_TRUSTED_PROXIES: { option: 'trustedProxies', read: Number },
}

const needed: Record<string, string> = {
  origin: 'origin: not set. Give the https address that the provider is reached at (TENANTRY_ORIGIN or --origin).',
  data: 'data: not set. Give the data folder (TENANTRY_DATA or --data), or a PostgreSQL database (TENANTRY_DATABASE_URL, TENANTRY_DATABASE_URL_FILE or --database).',
  secrets:
    'secrets: not set. Give at least one (TENANTRY_SECRETS or TENANTRY_SECRETS_FILE); make one with `openssl rand -base64 32`.',
}

/**
 * The configuration of `serve`: a file, then variables, then flags, the later ones weighing more.
 * @throws {SettingsError} with every mistake
 */
export function readConfiguration(flags: ServeFlags, environment: NodeJS.ProcessEnv): Configuration {
  const { config = environment.TENANTRY_CONFIG || undefined, ...fromFlags } = flags
  const mistakes: string[] = []
  const unread = new Set<string>()
  const fromFile = config === undefined ? {} : readConfigurationFile(config, mistakes)
  // What it would have said is not known: to complain of that as well would send the reader the wrong way.
  if (mistakes.length > 0) throw explainMistakes(mistakes)
  const layers = [fromFlags, readVariables(environment, mistakes, unread), fromFile]
  const given: Record<string, unknown> = {
    ...layers[2],
    ...layers[1],
    ...layers[0],
    ...chooseDatabase(layers, mistakes),
  }
  const isGiven = (name: string) =>
    given[name] !== undefined || unread.has(name) || (name === 'data' && (given.database || unread.has('database')))
  const missing = Object.keys(needed).filter(name => !isGiven(name))
  mistakes.push(...missing.map(name => needed[name]!))
  const checked = configurationSchema.safeParse(given, { error: validationWords })
  if (!checked.success) {
    mistakes.push(
      ...listMistakes(checked.error).filter(
        mistake => ![...missing, ...unread].some(name => mistake.startsWith(`${name}:`)),
      ),
    )
  }
  mistakes.push(...productionMistakes(given))
  if (checked.success && mistakes.length === 0) return checked.data
  throw explainMistakes(mistakes)
}

function explainMistakes(mistakes: string[]): SettingsError {
  const lines = mistakes.map(text => `  ${text}`)
  return new SettingsError(['The configuration has mistakes, nothing was started:', ...lines])
}

/** The database of the weightiest layer that names one. */
function chooseDatabase(layers: Record<string, unknown>[], mistakes: string[]) {
  const { data, database } = layers.find(layer => layer.data !== undefined || layer.database !== undefined) ?? {}
  if (data !== undefined && database !== undefined) {
    mistakes.push('data, database: both are set. Give the data folder or the address of a PostgreSQL database.')
  }
  return { data, database }
}

function productionMistakes({
  mode,
  origin,
  data,
  localCallbacks,
  mailbox,
  tlsCert,
  tlsKey,
}: Record<string, unknown>): string[] {
  const mistakes: string[] = []
  const isHttp = typeof origin === 'string' && origin.startsWith('http:')
  const isLocal = typeof origin === 'string' && /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/.*)?$/.test(origin)
  if (isHttp && mode !== 'development') mistakes.push('origin: must use https in production.')
  if (isHttp && mode === 'development' && !isLocal)
    mistakes.push('origin: must use https, except on localhost in development.')
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    mistakes.push('tlsCert, tlsKey: one is set without the other. TLS needs both.')
  if (data === ':memory:') mistakes.push('data: must be a folder; a database in memory is for `tenantry dev`.')
  if (localCallbacks) mistakes.push('localCallbacks: exists in `tenantry dev` only.')
  if (mailbox) mistakes.push('mailbox: exists in `tenantry dev` only.')
  return mistakes
}

/** @param unread gets the options that are set, but whose file could not be read */
function readVariables(
  environment: NodeJS.ProcessEnv,
  mistakes: string[],
  unread: Set<string>,
): Record<string, unknown> {
  const given: Record<string, unknown> = {}
  const variablesSet = readEnvironment(environment)
  mistakes.push(...variablesSet.mistakes)
  for (const name of variablesSet.unreadable) unread.add(variables[name]!.option)
  for (const [name, text] of Object.entries(variablesSet.values)) {
    if (name === 'TENANTRY_CONFIG') continue
    const variable = variables[name]
    if (variable) given[variable.option] = variable.read(text)
    else
      mistakes.push(
        `${name}: there is no such variable. There are ${Object.keys(variables).join(', ')}, and TENANTRY_SECRETS_FILE, TENANTRY_DATABASE_URL_FILE and TENANTRY_SMTP_URL_FILE.`,
      )
  }
  return given
}

/** A JSON file; what is wrong with it is added to the mistakes. */
export function readConfigurationFile(path: string, mistakes: string[]): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(readTextFile(path))
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return { ...content }
    mistakes.push(`${path}: must hold a JSON object.`)
  } catch (error) {
    mistakes.push(`${path}: cannot be read as JSON (${(error as Error).message}).`)
  }
  return {}
}
