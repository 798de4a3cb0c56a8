import { InvalidArgumentError } from 'commander'
import type { AppRateLimits } from '../config/rate-limits.ts'
import { UsageError } from './usage-error.ts'

/** An id given as an argument. */
export function parseId(text: string): number {
  const id = Number(text)
  if (!/^[1-9]\d*$/.test(text) || !Number.isSafeInteger(id))
    throw new InvalidArgumentError('It must be a positive integer.')
  return id
}

export function parseIdOrNone(text: string): number | 'none' {
  return text === 'none' ? text : parseId(text)
}

export function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535) throw new InvalidArgumentError('It must be a number from 0 to 65535.')
  return port
}

export function parseWorkers(text: string): number {
  const workers = Number(text)
  if (!/^\d+$/.test(text) || workers < 1 || workers > 256)
    throw new InvalidArgumentError('It must be a number from 1 to 256.')
  return workers
}

export function parseYesOrNo(text: string): boolean {
  if (text === 'true' || text === 'yes') return true
  if (text === 'false' || text === 'no') return false
  throw new InvalidArgumentError('It must be yes or no.')
}

/** `token=6000` and the like, each a number of requests a minute, or `unlimited`; `none` for none of its own. */
export function parseRateLimits(texts: readonly string[] | undefined): AppRateLimits | null | undefined {
  if (texts === undefined) return undefined
  if (texts.length === 1 && texts[0] === 'none') return null
  return Object.fromEntries(
    texts.map(text => {
      const [, group, value] = /^(token|introspect|api|me)=(\d{1,10}|unlimited)$/.exec(text) ?? []
      if (group === undefined) {
        throw new UsageError(
          `--rate-limit ${text}: give it as token=6000; the groups are token, introspect, api and me.`,
        )
      }
      return [group, value === 'unlimited' ? false : Number(value)]
    }),
  )
}

/** For options that may stand several times. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text]
}

export function parseRole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be an integer.')
  return Number(text)
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A time such as `24h` or `90d`, in milliseconds. */
export function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (!count || !unit) throw new InvalidArgumentError('It must be a time such as 30m, 24h or 7d.')
  return Number(count) * UNITS[unit]!
}

/** Without what was not given on the command line. */
export function given<Values extends object>(values: Values): Partial<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<Values>
}
