import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:https'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { onCore } from '../machine.ts'

/** A server that is measured. */
export interface Target {
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
  /** Not on the core that servers have, but wherever the system puts it. */
  anyCore?: boolean
  /** What runs it, such as `strace …`. */
  wrap?: string[]
  /** A program other than this Node. */
  program?: string
  /** Where it was told to listen, for one that does not say when it is ready: it is asked. */
  port?: number
  /** Whether it is asked over TLS, whatever its certificate. */
  tls?: boolean
}

/**
 * Starts a server on the core that servers have, and waits for the line of JSON that says its port.
 * @throws with what it wrote to standard error, when it ends before
 */
export async function startTarget(args: string[], options: StartOptions = {}): Promise<Target> {
  const pinned = options.anyCore ? [] : onCore('server')
  const [command = '', ...rest] = [...pinned, ...(options.wrap ?? []), options.program ?? process.execPath, ...args]
  const child = spawn(command, rest, {
    env: { ...process.env, ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(options.input ?? '')
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const facts = await Promise.race([
    options.port === undefined ? readyLine(child) : answering(options.port, options.tls ?? false),
    fails(child),
  ])
  child.stdout.resume()
  return {
    pid: child.pid!,
    port: Number(facts.port),
    facts,
    async stop() {
      child.kill('SIGTERM')
      // Closing takes ten seconds at most; what is measured is over.
      const timeout = setTimeout(() => child.kill('SIGKILL'), 15_000)
      await ended
      clearTimeout(timeout)
    },
  }
}

async function readyLine(child: ChildProcess): Promise<Record<string, unknown>> {
  for await (const line of createInterface({ input: child.stdout! })) {
    if (line.startsWith('{')) return JSON.parse(line)
  }
  return never()
}

async function answering(port: number, tls: boolean): Promise<Record<string, unknown>> {
  const isReady = tls ? isReadyOverTls : isReadyPlain
  while (!(await isReady(port))) await sleep(20)
  return { port }
}

function isReadyPlain(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    answer => answer.ok,
    () => false,
  )
}

function isReadyOverTls(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const request = get({ port, path: '/readyz', rejectUnauthorized: false, agent: false }, answer => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    request.on('error', () => resolve(false))
  })
}

async function fails(child: ChildProcess): Promise<never> {
  let errors = ''
  child.stderr?.on('data', chunk => {
    errors = `${errors}${chunk}`.slice(-4000)
  })
  const [code] = await once(child, 'close')
  throw new Error(`It ended with ${code}: ${errors}`)
}

function never(): Promise<never> {
  return new Promise(() => {})
}

export function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}

/** The limit: bare `node:http` with the same bytes. */
export function startBare(body: string, certificate?: CertificateFiles): Promise<Target> {
  const files = certificate ? [certificate.cert, certificate.key] : []
  return startTarget([pathOf('./bare.ts'), ...files], { input: body })
}

/** The paths of PEM files. */
export interface CertificateFiles {
  cert: string
  key: string
}
