import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createHistogram } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

// Refreshes grants for some seconds, each by itself one after the other, and checks every answer. One line of JSON at
// its end, with the newest refresh tokens, so that it can be gone on with.
export interface RefresherSettings {
  port: number
  path: string
  clientId: string
  clientSecret: string
  /** A file of refresh tokens, one a line; one client goes on with each. */
  tokens: string
  clients: number
  seconds: number
  /** All together, a second; as many as can be when 0. */
  rate: number
}

export interface RefresherResult {
  refreshes: number
  seconds: number
  p50: number
  p99: number
  refreshTokens: string[]
}

const settings = JSON.parse(process.argv[2] ?? '{}') as RefresherSettings
const agent = new Agent({ keepAlive: true, maxSockets: settings.clients })
const credentials = Buffer.from(`${settings.clientId}:${encodeURIComponent(settings.clientSecret)}`).toString('base64')
const histogram = createHistogram()
const seen = new Set<string>()

function refresh(refreshToken: string): Promise<string> {
  const body = `grant_type=refresh_token&refresh_token=${encodeURIComponent(refreshToken)}`
  const headers = {
    Authorization: `Basic ${credentials}`,
    'Content-Type': 'application/x-www-form-urlencoded',
    'Content-Length': Buffer.byteLength(body),
  }
  return new Promise((resolve, reject) => {
    const { port, path } = settings
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', chunk => {
        text += chunk
      })
      answer.on('end', () => {
        try {
          resolve(check(answer.statusCode, text))
        } catch (error) {
          reject(error)
        }
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** A new pair of tokens. */
function check(status: number | undefined, text: string): string {
  const { access_token, refresh_token } = status === 200 ? JSON.parse(text) : {}
  const mark = createHash('sha256').update(`${access_token} ${refresh_token}`).digest('base64')
  if (!access_token || !refresh_token || seen.has(mark)) throw new Error(`a wrong answer: ${status} ${text}`)
  seen.add(mark)
  return refresh_token
}

const tokens = readFileSync(settings.tokens, 'utf8').trim().split('\n')
if (tokens.length < settings.clients)
  throw new Error(`There are ${tokens.length} grants for ${settings.clients} clients.`)
const started = performance.now()
const ends = started + settings.seconds * 1000
const perClient = settings.rate > 0 ? (1000 * settings.clients) / settings.rate : 0
let refreshes = 0
const clients = Array.from({ length: settings.clients }, async (_, index) => {
  // Spread over the first turn, so that they do not come in crowds.
  let due = started + (perClient * index) / settings.clients
  while (performance.now() < ends) {
    const wait = due - performance.now()
    if (wait > 0) await sleep(wait)
    const begun = performance.now()
    tokens[index] = await refresh(tokens[index]!)
    histogram.record(Math.max(1, Math.round((performance.now() - begun) * 1000)))
    refreshes += 1
    due = Math.max(due + perClient, performance.now() - perClient)
  }
})
await Promise.all(clients)
agent.destroy()
const result: RefresherResult = {
  refreshes,
  seconds: (performance.now() - started) / 1000,
  p50: histogram.percentile(50) / 1000,
  p99: histogram.percentile(99) / 1000,
  refreshTokens: tokens,
}
console.log(JSON.stringify(result))
