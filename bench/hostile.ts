import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatToken } from '../packages/server/src/tokens/token-text.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { type Benchmark, type Result, type Round, round, summarize } from './benchmark.ts'
import { loadFully, TENANTRY_ANSWER } from './load/wrk.ts'
import { onCore } from './machine.ts'
import { pathOf, type Target } from './targets/start.ts'
import { makeStore, type Store, serveTenantry } from './targets/tenantry.ts'

interface Attack {
  name: string
  /** For load/hostile.lua. */
  args: string[]
}

/** What is left for honest people while others send what is wrong as fast as they can. */
export const hostile: Benchmark = {
  name: 'hostile',
  about: 'garbage, forged tokens, wrong secrets and large bodies at full rate beside honest traffic',
  async run({ rounds, seconds, say }) {
    const folder = temporaryFolder()
    const store = await makeStore(['--data', join(folder.path, 'store')], folder.path, { tokens: 10_000, grants: 1 })
    const attacks: (Attack | undefined)[] = [undefined, ...listAttacks(store, folder.path)]
    const samples = new Map<string, { honest: Round[]; hostile: number[] }>()
    for (let index = 0; index < rounds; index++) {
      for (const attack of attacks) {
        const name = attack?.name ?? 'no attack'
        say(`round ${index + 1} of ${rounds}: ${name}`)
        const sample = samples.get(name) ?? { honest: [], hostile: [] }
        samples.set(name, sample)
        const { honest, attacked } = await measure(store, attack, seconds)
        sample.honest.push(honest)
        sample.hostile.push(attacked)
      }
    }
    folder.remove()
    const limit = summarize('', samples.get('no attack')!.honest, null).per_second
    const results: Result[] = [...samples].map(([name, { honest, hostile }]) => ({
      ...summarize(name, honest, limit),
      more: { 'hostile a second': round(hostile.reduce((sum, one) => sum + one, 0) / hostile.length, 0) },
    }))
    const bars = results.map(({ name, per_second: value, spread }) => ({ name, value, spread }))
    return {
      benchmark: 'hostile',
      results,
      plots: [{ name: 'hostile', title: 'Honest GET /users/me beside …', unit: 'answers a second', bars }],
      notes: [
        '64 connections of honest people and 64 of the others, on one core of the server; an even share would be half.',
      ],
    }
  },
}

function listAttacks(store: Store, folder: string): Attack[] {
  const write = (name: string, make: () => string) => {
    const path = join(folder, name)
    writeFileSync(path, `${Array.from({ length: 10_000 }, make).join('\n')}\n`)
    return path
  }
  const garbage = write('garbage', () => randomBytes(30).toString('base64url'))
  const forged = write('forged', () => formatToken('at', 1 + Math.floor(Math.random() * 100), randomBytes(24)))
  const secret = Buffer.from(`${store.clientId}:a wrong secret`).toString('base64')
  return [
    { name: 'garbage tokens', args: ['token', garbage, '401'] },
    { name: 'forged tokens, well formed', args: ['token', forged, '401'] },
    { name: 'wrong client secrets', args: ['secret', secret, '401'] },
    { name: 'bodies of 100 kB', args: ['body', '-', '413'] },
  ]
}

async function measure(store: Store, attack: Attack | undefined, seconds: number) {
  const target = await serveTenantry(store)
  try {
    const endpoint = { port: target.port, tokens: store.tokens, ...TENANTRY_ANSWER }
    await loadFully(endpoint, 1)
    const attacking = attack ? loadHostile(target, attack, seconds + 1) : Promise.resolve(0)
    const honest = await loadFully(endpoint, seconds, { mayTimeOut: true })
    return { honest, attacked: await attacking }
  } finally {
    await target.stop()
  }
}

async function loadHostile({ port }: Target, { args }: Attack, seconds: number): Promise<number> {
  const options = ['-t1', '-c64', `-d${seconds}`, '-s', pathOf('../load/hostile.lua'), `http://127.0.0.1:${port}`]
  const [command = '', ...rest] = [...onCore('load'), 'wrk', ...options, '--', ...args]
  const wrk = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  wrk.stdout.on('data', chunk => {
    output += chunk
  })
  await new Promise(resolve => wrk.once('close', resolve))
  const result = JSON.parse(/^RESULT (.*)$/m.exec(output)?.[1] ?? '{}') as { requests?: number; wrong?: number }
  if (!result.requests || result.wrong! > 0) throw new Error(`wrong answers: ${output}`)
  return result.requests / seconds
}
