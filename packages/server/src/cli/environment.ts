import { readTextFile } from './text-file.ts'
import { UsageError } from './usage-error.ts'

/** Variables whose value can be read from a file instead: the same name with `_FILE` at the end gives its path. */
const IN_FILES = ['TENANTRY_SECRETS', 'TENANTRY_DATABASE_URL', 'TENANTRY_SMTP_URL'] as const

export interface EnvironmentVariables {
  values: Record<string, string>
  mistakes: string[]
  /** Variables that have a value which could not be had: of them no more is to be said. */
  unreadable: string[]
  /** Names of those that Kubernetes sets in every pod for a service, which are not ours. */
  ignored: string[]
}

/** The variables that begin with `TENANTRY_`: those in files read, those of Kubernetes left out. */
export function readEnvironment(environment: NodeJS.ProcessEnv = process.env): EnvironmentVariables {
  const values: Record<string, string> = {}
  const mistakes: string[] = []
  const unreadable: string[] = []
  const ignored: string[] = []
  for (const [name, value] of Object.entries(environment)) {
    // An empty variable is one that is not set, as in most programs.
    const text = value?.trim() ?? ''
    if (!name.startsWith('TENANTRY_') || text === '') continue
    if (isOfKubernetes(name, text)) ignored.push(name)
    else values[name] = text
  }
  for (const name of IN_FILES) {
    const path = values[`${name}_FILE`]
    if (path === undefined) continue
    delete values[`${name}_FILE`]
    if (values[name] !== undefined) mistakes.push(`${name}, ${name}_FILE: both are set. Set one of them.`)
    else {
      const text = readSecretText(path, `${name}_FILE`, mistakes)
      if (text !== undefined) values[name] = text
      else unreadable.push(name)
    }
  }
  return { values, mistakes, unreadable, ignored }
}

/** @throws {UsageError} with what is wrong with a file that a variable names */
export function requireEnvironment(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const { values, mistakes } = readEnvironment(environment)
  if (mistakes.length > 0) throw new UsageError(mistakes.join('\n'))
  return values
}

/** For a service named `tenantry` or `tenantry-db` (Kubernetes: "Accessing the Service", environment variables). */
function isOfKubernetes(name: string, value: string): boolean {
  if (/_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$/.test(name)) return true
  if (/_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name)) return true
  return name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value)
}

/** Without what editors and `echo` leave around a text. */
function readSecretText(path: string, name: string, mistakes: string[]): string | undefined {
  try {
    const text = readTextFile(path).trim()
    if (text !== '') return text
    mistakes.push(`${name}: the file ${path} is empty.`)
  } catch (error) {
    mistakes.push(`${name}: the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
  return undefined
}
