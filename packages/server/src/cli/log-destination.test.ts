import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../../../tests/support/free-port.ts'
import { REPOSITORY, runCommand, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'
import { LogDestination } from './log-destination.ts'

describe('a destination of log lines', () => {
  let taken: string
  let space: number
  const log = () => pino({ base: null, timestamp: false }, new LogDestination(1, { write, abandon: () => {} }))
  const write = (bytes: Buffer) => {
    const written = Math.min(space, bytes.length)
    taken += bytes.subarray(0, written).toString()
    space -= written
    return written
  }
  const linesOf = (text: string) =>
    text
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line) as { msg: string; dropped?: number })

  beforeEach(() => {
    taken = ''
    space = Number.POSITIVE_INFINITY
  })

  it('a log destination writes each line at once', () => {
    const logger = log()
    logger.info('one')
    expect(linesOf(taken).map(({ msg }) => msg)).toEqual(['one'])
  })

  it('a log destination that takes a part of a line gets the rest later', async () => {
    const logger = log()
    space = 10
    logger.info('one')
    logger.info('two')
    expect(taken).toHaveLength(10)
    space = Number.POSITIVE_INFINITY
    await expect.poll(() => taken.split('\n').length).toBe(3)
    expect(linesOf(taken).map(({ msg }) => msg)).toEqual(['one', 'two'])
  })

  it('a log destination that blocks for long loses lines, and they are counted and reported later', async () => {
    const logger = log()
    space = 0
    const total = 20_000
    for (let line = 0; line < total; line++) logger.info('x'.repeat(100))
    const before = process.memoryUsage().rss
    for (let line = 0; line < total; line++) logger.info('x'.repeat(100))
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000)
    space = Number.POSITIVE_INFINITY
    await expect.poll(() => taken).toContain('log lines were dropped')
    logger.info('after')
    const lines = linesOf(taken)
    const dropped = lines.filter(line => line.dropped !== undefined)
    expect(dropped).toHaveLength(1)
    expect(lines.filter(({ msg }) => msg.startsWith('x')).length + dropped[0]!.dropped!).toBe(2 * total)
    expect(lines.at(-1)?.msg).toBe('after')
  })
})

describe('a server whose log cannot be written', () => {
  let folder: ReturnType<typeof temporaryFolder>
  beforeEach(async () => {
    folder = temporaryFolder()
    await runCommand(['migrate', '--data', folder.path])
  })
  afterEach(() => folder.remove())

  async function serve(stdout: number | 'pipe') {
    const port = await freePort()
    const child = spawn(process.execPath, [join(REPOSITORY, 'packages/server/src/cli/main.ts'), 'serve'], {
      stdio: ['ignore', stdout, 'pipe'],
      env: {
        PATH: process.env.PATH,
        TENANTRY_ORIGIN: 'https://id.example',
        TENANTRY_SECRETS: 'a secret that is long enough for everybody',
        TENANTRY_DATA: folder.path,
        TENANTRY_PORT: String(port),
      },
    })
    const ended = once(child, 'exit')
    const ask = () =>
      fetch(`http://127.0.0.1:${port}/.well-known/oauth-authorization-server`).then(answer => answer.status)
    await expect.poll(() => ask().catch(() => 0), { timeout: 20_000 }).toBe(200)
    return { child, ended, ask }
  }

  /** Far more lines than a pipe holds. */
  async function askOften(ask: () => Promise<number>, times = 3000) {
    const statuses = new Set<number>()
    for (let sent = 0; sent < times; sent += 50) {
      for (const status of await Promise.all(Array.from({ length: 50 }, ask))) statuses.add(status)
    }
    return [...statuses]
  }

  it('a server whose log is on a full disk answers, and stops when it is told to', async () => {
    const { child, ended, ask } = await serve(openSync('/dev/full', 'w'))
    expect(await askOften(ask, 500)).toEqual([200])
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  it('a server whose log reader is blocked answers and stops; the reader learns later how many lines are missing', async () => {
    const { child, ended, ask } = await serve('pipe')
    child.stdout!.pause()
    expect(await askOften(ask, 12_000)).toEqual([200])
    let text = ''
    child.stdout!.on('data', bytes => {
      text += bytes
    })
    child.stdout!.resume()
    await expect.poll(() => text).toContain('log lines were dropped')
    // Each line is whole.
    for (const line of text.split('\n').slice(0, -1)) JSON.parse(line)
    child.stdout!.pause()
    expect(await askOften(ask, 1000)).toEqual([200])
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  it('a server whose log pipe is full answers and stops', async () => {
    const path = join(folder.path, 'pipe')
    execFileSync('mkfifo', [path])
    const pipe = openSync(path, 'r+')
    const { child, ended, ask } = await serve(pipe)
    expect(await askOften(ask, 1000)).toEqual([200])
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    closeSync(pipe)
  })

  it('a server whose log reader is gone answers and stops', async () => {
    const { child, ended, ask } = await serve('pipe')
    child.stdout!.destroy()
    expect(await askOften(ask)).toEqual([200])
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  it('a log in a file has every line', async () => {
    const path = join(folder.path, 'log')
    const { child, ended, ask } = await serve(openSync(path, 'a'))
    expect(await askOften(ask, 200)).toEqual([200])
    child.kill('SIGTERM')
    await ended
    const lines = readFileSync(path, 'utf8').trim().split('\n')
    expect(lines.filter(line => line.includes('oauth-authorization-server')).length).toBeGreaterThanOrEqual(200)
    expect(JSON.parse(lines.at(-1)!).msg).toBe('closed')
  })
})
