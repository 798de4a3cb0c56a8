import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onCore } from '../machine.ts'

/** A server that is measured. */
export interface Contestant {
  pid: number
  port: number
  /** What it said when it was ready. */
  facts: Record<string, unknown>
  stop(): Promise<void>
}

export interface StartOptions {
  /** Given on standard input. */
  input?: string
  environment?: Record<string, string>
  /** A program other than this Node. */
  program?: string
  /** Which of its lines says that it is ready; the first when not given. */
  isReady?: (facts: Record<string, unknown>) => boolean
}

/**
 * Starts a server on the core that servers have, and waits for the line of JSON that says its port.
 * @throws with what it wrote to standard error, when it ends before
 */
export async function startContestant(args: string[], options: StartOptions = {}): Promise<Contestant> {
  const [command = '', ...rest] = [...onCore('server'), options.program ?? process.execPath, ...args]
  const child = spawn(command, rest, {
    env: { ...process.env, ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(options.input ?? '')
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const facts = await readyLine(child, options.isReady ?? (() => true))
  child.stdout.resume()
  return {
    pid: child.pid!,
    port: Number(facts.port),
    facts,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function readyLine(child: ChildProcess, isReady: (facts: Record<string, unknown>) => boolean) {
  let errors = ''
  child.stderr?.on('data', chunk => {
    errors = `${errors}${chunk}`.slice(-4000)
  })
  return new Promise<Record<string, unknown>>((resolve, reject) => {
    const lines = createInterface({ input: child.stdout! })
    lines.on('line', line => {
      const facts = line.startsWith('{') ? JSON.parse(line) : {}
      if (line.startsWith('{') && isReady(facts)) {
        lines.close()
        resolve(facts)
      }
    })
    child.once('close', code => reject(new Error(`It ended with ${code}: ${errors}`)))
  })
}

export function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}

/** The limit: bare `node:http` with the same bytes. */
export function startBare(body: string): Promise<Contestant> {
  return startContestant([pathOf('./bare.ts')], { input: body })
}
