/** One number of a metric, as prom-client has it. */
export interface MetricValue {
  labels: Readonly<Record<string, string | number>>
  value: number
  /** Of a histogram: the name with its ending. */
  metricName?: string
}

/** Something that is measured, in the form that a registry of prom-client takes. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** How the values of several processes become one. */
  readonly aggregator: 'sum' | 'max'
  values(): MetricValue[] | Promise<MetricValue[]>
}

/** Counts by labels. There must be few values of each label, none that a client chooses. */
export class LabelledCounter<Label extends string> implements Metric {
  readonly name: string
  readonly help: string
  readonly type = 'counter'
  readonly aggregator = 'sum'
  readonly #counts = new Map<string, MetricValue>()

  constructor(name: string, help: string) {
    this.name = name
    this.help = help
  }

  count(labels: Readonly<Record<Label, string>>) {
    const key = Object.values(labels).join('\n')
    const known = this.#counts.get(key)
    if (known) known.value += 1
    else this.#counts.set(key, { labels, value: 1 })
  }

  values(): MetricValue[] {
    return [...this.#counts.values()]
  }
}

/** Values that are read when they are asked for. */
export interface Reading {
  name: string
  help: string
  /** A counter only grows; a gauge by default. */
  type?: 'counter' | 'gauge'
  /** The name of the label that tells the values apart, if there are several. */
  label?: string
  /** How the values of several processes become one: `max` where each sees the same thing. */
  across: 'sum' | 'max'
  /** The values by label; one of the label `''` where there is no label. */
  read(): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>
}

export function readingMetric({ name, help, type = 'gauge', label, across, read }: Reading): Metric {
  return {
    name,
    help,
    type,
    aggregator: across,
    async values() {
      const values = Object.entries(await read())
      return values.map(([key, value]) => ({ labels: label === undefined ? {} : { [label]: key }, value }))
    },
  }
}
