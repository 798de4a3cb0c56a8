/** What one benchmark found of one way: of everything measured in the same run, this one's share. */
export interface Result {
  name: string
  per_second: number
  /** Milliseconds; null where they were not measured. */
  p50_ms: number | null
  p99_ms: number | null
  /** To the limit of the same run, which has 1; null where there is none. */
  ratio_to_limit: number | null
  /** The lowest and highest of the rounds, per second. */
  spread: readonly [number, number]
  /** What else is worth a column. */
  more?: Readonly<Record<string, number | string>>
}

export interface Plot {
  /** The file's name in docs/images, without its ending. */
  name: string
  title: string
  unit: string
  bars: readonly { name: string; value: number; spread?: readonly [number, number] }[]
}

export interface Report {
  benchmark: string
  results: readonly Result[]
  plots?: readonly Plot[]
  /** What a reader of the table should know. */
  notes?: readonly string[]
}

export interface BenchmarkOptions {
  rounds: number
  /** Of each round of each way. */
  seconds: number
  /** For a short run: less data too. */
  quick: boolean
  /** Says on standard error what goes on. */
  say(what: string): void
}

export interface Benchmark {
  name: string
  about: string
  run(options: BenchmarkOptions): Promise<Report>
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return Number.isInteger(middle)
    ? ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
    : (sorted[Math.floor(middle)] ?? Number.NaN)
}

/** One run of one way. */
export interface Round {
  perSecond: number
  p50: number | null
  p99: number | null
}

/** The medians of a way's rounds. */
export function summarize(name: string, rounds: readonly Round[], limit: number | null, more?: Result['more']): Result {
  const rates = rounds.map(({ perSecond }) => perSecond)
  const middle = (values: (number | null)[]) => {
    const known = values.filter(value => value !== null)
    return known.length === 0 ? null : round(median(known), 2)
  }
  return {
    name,
    per_second: Math.round(median(rates)),
    p50_ms: middle(rounds.map(({ p50 }) => p50)),
    p99_ms: middle(rounds.map(({ p99 }) => p99)),
    ratio_to_limit: limit === null ? null : round(median(rates) / limit, 3),
    spread: [Math.round(Math.min(...rates)), Math.round(Math.max(...rates))],
    ...(more && { more }),
  }
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
