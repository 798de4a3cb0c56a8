import { AggregatorRegistry, collectDefaultMetrics, type MetricObjectWithValues, Registry } from 'prom-client'
import type { Metrics } from './metrics.ts'

/** The metrics of one process, as another process of the same provider can add them up. */
export type MetricsSnapshot = unknown[]

/** Hands out metrics in the form that Prometheus reads, those of Node itself included. */
export class Exposition {
  readonly #registry = new Registry()

  constructor(metrics: Metrics) {
    collectDefaultMetrics({ register: this.#registry })
    for (const metric of metrics.all()) {
      const { name, help, type, aggregator } = metric
      const get = async () => ({ name, help, type, aggregator, values: await metric.values() })
      // prom-client knows its own classes by name, and asks no more of a metric than this.
      this.#registry.registerMetric({ name, get, reset() {} } as never)
    }
  }

  snapshot(): Promise<MetricsSnapshot> {
    return this.#registry.getMetricsAsJSON()
  }
}

/** Adds up what the processes of a provider have measured. @returns text, and its media type */
export async function expose(snapshots: readonly MetricsSnapshot[]): Promise<{ text: string; contentType: string }> {
  const sum = AggregatorRegistry.aggregate([...snapshots] as unknown as MetricObjectWithValues<never>[])
  return { text: await sum.metrics(), contentType: sum.contentType }
}
