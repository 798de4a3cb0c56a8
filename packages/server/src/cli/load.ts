import { randomBytes } from 'node:crypto'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import { fill, LOAD_SETTING } from '../load/load.ts'
import type { Offsets } from '../load/rows.ts'
import { createRuntime } from '../server.ts'
import { allocateIds } from '../store/queries/ids.ts'
import { putSetting } from '../store/queries/settings.ts'
import { type AdministrationOptions, administer } from './administration.ts'
import { chooseDatabase, type Database, nameDatabase, storeOptions } from './database.ts'
import { openTarget } from './move.ts'
import { print } from './output.ts'
import { progressBar } from './progress.ts'
import { UsageError } from './usage-error.ts'

const DAY = 24 * 3600 * 1000
const MAX_SIZE = { tokens: 10_000_000, users: 1_000_000, companies: 100_000 }

interface LoadCommandOptions extends AdministrationOptions {
  tokens: number
  users?: number
  companies?: number
  days: number
  sample?: string
  sampleSize: number
  intoExisting?: boolean
}

/** Not available in production, where synthetic data in a live system would be an accident. */
export function addLoadCommand(program: Command, environment = process.env) {
  if (environment.TENANTRY_MODE === 'production') return
  administer(
    program.command('load').description('fill a database with made-up companies, users and live tokens, to measure on'),
  )
    .option('--tokens <number>', 'access tokens, each with a refresh token', upTo(MAX_SIZE.tokens), 1_000_000)
    .option('--users <number>', 'users, a tenth of the tokens when not given', upTo(MAX_SIZE.users))
    .option('--companies <number>', 'companies, a tenth of the users when not given', upTo(MAX_SIZE.companies))
    .option('--days <number>', 'how long the access tokens live', upTo(3650), 30)
    .option('--sample <file>', 'write access tokens drawn at random to a file, one a line')
    .option('--sample-size <number>', 'how many', upTo(MAX_SIZE.tokens), 100_000)
    .option('--into-existing', 'also into a database that is not empty')
    .action(runLoad)
}

function upTo(most: number) {
  return (text: string) => {
    const number = Number(text.replaceAll('_', ''))
    if (/^[\d_]+$/.test(text) && number >= 1 && number <= most) return number
    throw new InvalidArgumentError(`It must be a number from 1 to ${most}.`)
  }
}

async function runLoad(options: LoadCommandOptions) {
  const database = chooseDatabase(options)
  const users = options.users ?? Math.min(Math.max(Math.round(options.tokens / 10), 1), MAX_SIZE.users)
  const companies = options.companies ?? Math.min(Math.max(Math.round(users / 10), 1), users, MAX_SIZE.companies)
  if (companies > users)
    throw new UsageError(`There are more companies (${companies}) than users (${users}). Each company needs a user.`)
  if (options.sample !== undefined && existsSync(options.sample)) {
    throw new UsageError(`${options.sample} exists already. Nothing was changed.`)
  }
  // Before anything is made: a file that cannot be written is said at once.
  if (options.sample !== undefined) writeFileSync(options.sample, '', { mode: 0o600, flag: 'wx' })
  const size = { tokens: options.tokens, users, companies }
  const target = await openTarget(database)
  const bar = progressBar('Loading')
  const started = performance.now()
  try {
    if (!options.intoExisting && !(await target.isEmpty())) {
      throw new UsageError(
        `${nameDatabase(database)} is not empty. Nothing was changed; give another, or --into-existing to add to it.`,
      )
    }
    const offsets = await prepare(database, size)
    const { sample, rows } = await fill(target, {
      size,
      offsets,
      lifetime: options.days * DAY,
      sampleSize: options.sample === undefined ? 0 : options.sampleSize,
      now: Date.now(),
      progress: bar.progress,
    })
    bar.end()
    if (options.sample !== undefined) writeFileSync(options.sample, `${sample.join('\n')}\n`, { mode: 0o600 })
    const seconds = Math.round((performance.now() - started) / 1000)
    print(
      options,
      { database: nameDatabase(database), ...size, rows, seconds, sample: options.sample ?? null },
      describe(nameDatabase(database), { ...size, rows, seconds }, options.sample, sample.length),
    )
  } catch (error) {
    if (options.sample !== undefined) rmSync(options.sample, { force: true })
    throw error
  } finally {
    bar.end()
    await target.close()
  }
}

function describe(
  name: string,
  done: { tokens: number; users: number; companies: number; rows: number; seconds: number },
  file: string | undefined,
  sampled: number,
): string {
  const { tokens, users, companies, rows, seconds } = done
  const words = `${name}: ${count(tokens, 'access token')} of ${count(users, 'user')} at ${count(companies, 'company', 'companies')}, ${count(rows, 'row')} in ${seconds} s.`
  if (file === undefined) return words
  return `${words}\n${count(sampled, 'access token')} drawn at random: ${file}. Keep it secret: the tokens work.`
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}

/** The setting that keeps the database out of production, and unused ids. */
async function prepare(database: Database, size: { users: number; companies: number }): Promise<Offsets> {
  // Nothing is derived from it: the keys are made when it is served.
  const secrets = [randomBytes(32).toString('base64url')]
  const runtime = createRuntime({ store: storeOptions(database, true), secrets, origin: 'http://localhost' })
  try {
    await runtime.store.ready
    await runtime.store.write([putSetting(runtime.store, LOAD_SETTING, 'made up')])
    return {
      company: await allocateIds(runtime.store, 'company', size.companies),
      user: await allocateIds(runtime.store, 'user', size.users),
    }
  } finally {
    await runtime.store.close()
  }
}
