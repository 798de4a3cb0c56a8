import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { createHistogram } from 'node:perf_hooks'
import type { Endpoint } from './wrk.ts'

// Asks at a steady rate, whether answers come or not, and prints how long they took in milliseconds, counted from the
// moment that each request was due: waiting for a connection counts. Every answer is checked. autocannon counts whole
// milliseconds only, and wrk has no rate.
export interface SteadySettings extends Endpoint {
  rate: number
  seconds: number
  connections: number
}

export interface SteadyResult {
  perSecond: number
  p50: number
  p99: number
  p999: number
}

const settings = JSON.parse(process.argv[2] ?? '{}') as SteadySettings
const requests = readFileSync(settings.tokens, 'utf8')
  .trim()
  .split('\n')
  .map(token =>
    Buffer.from(`GET ${settings.path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`),
  )
const histogram = createHistogram()
/** When those were due that wait for a connection. */
const waiting: number[] = []
const idle: Connection[] = []
let [asked, answered] = [0, 0]

class Connection {
  readonly #socket: Socket
  #due = 0
  #received = ''

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => this.#receive(chunk))
    socket.on('error', error => fail(String(error)))
  }

  ask(due: number) {
    this.#due = due
    this.#received = ''
    this.#socket.write(requests[Math.floor(Math.random() * requests.length)]!)
  }

  end() {
    this.#socket.destroy()
  }

  #receive(chunk: string) {
    this.#received += chunk
    if (!isWhole(this.#received)) return
    if (!this.#received.startsWith('HTTP/1.1 200 ') || !this.#received.includes(settings.holds)) fail(this.#received)
    histogram.record(Math.max(1, Math.round((performance.now() - this.#due) * 1000)))
    answered += 1
    const next = waiting.shift()
    if (next === undefined) idle.push(this)
    else this.ask(next)
  }
}

function isWhole(text: string): boolean {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1]
  return length === undefined ? text.endsWith('\r\n0\r\n\r\n') : text.length >= head + 4 + Number(length)
}

function fail(what: string): never {
  console.error(`a wrong answer: ${what}`)
  process.exit(1)
}

const connections = await Promise.all(
  Array.from({ length: settings.connections }, async () => {
    const socket = connect(settings.port, '127.0.0.1')
    await new Promise(resolve => socket.once('connect', resolve))
    return new Connection(socket)
  }),
)
idle.push(...connections)
const started = performance.now()
const total = Math.round(settings.rate * settings.seconds)
const dueAt = (index: number) => started + (index * 1000) / settings.rate
while (answered < total) {
  const now = performance.now()
  for (; asked < total && dueAt(asked) <= now; asked++) {
    const connection = idle.pop()
    if (connection) connection.ask(dueAt(asked))
    else waiting.push(dueAt(asked))
  }
  if (now > started + settings.seconds * 3000) fail('the answers do not keep up')
  await new Promise(resolve => setImmediate(resolve))
}
for (const connection of connections) connection.end()
const result: SteadyResult = {
  perSecond: answered / ((performance.now() - started) / 1000),
  p50: histogram.percentile(50) / 1000,
  p99: histogram.percentile(99) / 1000,
  p999: histogram.percentile(99.9) / 1000,
}
console.log(JSON.stringify(result))
