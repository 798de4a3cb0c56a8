import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = join(REPOSITORY, 'packages/server/src/cli/main.ts')

export interface SandboxFacts {
  origin: string
  client_id: string
  client_secret: string
  access_token: string
  password: string
  admin_key: string
  mcp_url: string | null
  users: { user_id: number; name: string; email: string; companies: number[] }[]
}

/** A folder of its own that is gone afterwards. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'tenantry-test-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** This process's, without what is for the tests alone: `tenantry serve` refuses variables that it does not know. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TENANTRY_TEST_')))
}

/** Starts a command of `tenantry` as a process of its own. */
export function startCommand(
  args: string[],
  environment: Record<string, string> = {},
  wrap: string[] = [],
): ChildProcess {
  const [command = process.execPath, ...before] = [...wrap, process.execPath]
  return spawn(command, [...before, MAIN, ...args], {
    cwd: tmpdir(),
    env: { ...ownEnvironment(), ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

/**
 * A port that can be taken again after a restart: below those that the system gives to connections of clients, one of
 * which might otherwise sit on it.
 */
export async function lastingPort(): Promise<string> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const probe = createServer()
    const free = await new Promise<boolean>(resolve => {
      probe.once('error', () => resolve(false))
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
    })
    if (free) return String(port)
  }
}

export interface CommandResult {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs a command of `tenantry` to its end. */
export async function runCommand(
  args: string[],
  { input = '', environment = {} }: { input?: string; environment?: Record<string, string> } = {},
): Promise<CommandResult> {
  const child = startCommand(args, environment)
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', chunk => {
    output.stdout += chunk
  })
  child.stderr?.on('data', chunk => {
    output.stderr += chunk
  })
  child.stdin?.end(input)
  const code = await new Promise<number | null>(resolve => child.on('close', resolve))
  return { code, ...output }
}

export interface RunningSandbox {
  process: ChildProcess
  facts: SandboxFacts
  /** What it wrote to standard error so far. */
  log(): string
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts `tenantry dev --json` and waits until it is ready. */
export async function startSandbox(
  args: string[] = [],
  wrap: string[] = [],
  environment: Record<string, string> = {},
): Promise<RunningSandbox> {
  const child = startCommand(['dev', '--json', '--port', '0', ...args], environment, wrap)
  let errors = ''
  child.stderr?.on('data', chunk => {
    errors += chunk
  })
  const ended = new Promise<number | null>(resolve => child.on('close', resolve))
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', resolve)
    ended.then(code => reject(new Error(`tenantry dev ended with ${code}: ${errors}`)))
  })
  return {
    process: child,
    facts: JSON.parse(line),
    log: () => errors,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}
