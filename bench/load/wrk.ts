import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Round } from '../benchmark.ts'
import { onCore, ownSeconds } from '../machine.ts'

const SCRIPT = fileURLToPath(new URL('./random-tokens.lua', import.meta.url))
export const CONNECTIONS = 64

export interface Endpoint {
  port: number
  path: string
  /** A file of access tokens, drawn from at random. */
  tokens: string
  /** What every right answer holds. */
  holds: string
  /** What comes before the company in an answer, if tokens name one. */
  company?: string
  /** One request in so many is for `/favicon.svg` instead. */
  otherEvery?: number
  /** Whether connections use TLS. */
  tls?: boolean
}

export const TENANTRY_ANSWER = { path: '/users/me', holds: '"success":true', company: '"company_id":' }

/**
 * As many requests as the server can answer, on 64 connections if not said otherwise, each with a token drawn at random.
 * @returns with the processor time that the load generator took, in seconds
 * @param options `mayTimeOut` where an answer that takes more than two seconds fails nothing
 * @throws when one answer was wrong, or none came
 */
export async function loadFully(
  { port, path, tokens, holds, company = '-', otherEvery = 0, tls = false }: Endpoint,
  seconds: number,
  { mayTimeOut = false, connections = CONNECTIONS } = {},
): Promise<Round & { clientSeconds: number }> {
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
  const options = ['-t1', `-c${connections}`, `-d${seconds}`, '--latency', '-s', SCRIPT, url]
  const [command = '', ...rest] = [
    ...onCore('load'),
    'wrk',
    ...options,
    '--',
    path,
    tokens,
    holds,
    company,
    '0',
    String(otherEvery),
  ]
  const wrk = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [wrk.stdout, wrk.stderr]) {
    stream.on('data', chunk => {
      output += chunk
    })
  }
  let clientSeconds = 0
  // What it has used is gone with it.
  const watch = setInterval(() => {
    clientSeconds = Math.max(clientSeconds, ownSeconds(wrk.pid!))
  }, 50)
  await new Promise(resolve => wrk.once('close', resolve))
  clearInterval(watch)
  const line = /^RESULT (.*)$/m.exec(output)?.[1]
  if (line === undefined) throw new Error(`wrk failed: ${output}`)
  const result = JSON.parse(line) as Record<'requests' | 'microseconds' | 'wrong' | 'failed' | 'p50' | 'p99', number>
  if (result.wrong + (mayTimeOut ? 0 : result.failed) > 0 || result.requests === 0)
    throw new Error(`wrong answers: ${output}`)
  return {
    perSecond: result.requests / (result.microseconds / 1e6),
    p50: result.p50 / 1000,
    p99: result.p99 / 1000,
    clientSeconds,
  }
}
