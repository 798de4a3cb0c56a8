import type { Metric, MetricValue } from './metric.ts'

/** Upper ends of the classes of duration, in milliseconds. */
const BOUNDS = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]

const DURATION = 'tenantry_http_request_duration_seconds'

/**
 * Requests of one route and method: how many of each status, and how long they took. Plain numbers, which cost the most
 * frequent request tens of nanoseconds.
 */
export class RouteMeter {
  readonly #labels: { route: string; method: string }
  readonly #statuses = new Map<number, number>()
  readonly #classes = new Float64Array(BOUNDS.length + 1)
  #milliseconds = 0

  constructor(route: string, method: string) {
    this.#labels = { route, method }
  }

  count(status: number, milliseconds: number) {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1)
    this.#milliseconds += milliseconds
    let at = 0
    while (at < BOUNDS.length && milliseconds > BOUNDS[at]!) at++
    this.#classes[at]! += 1
  }

  requests(): MetricValue[] {
    return [...this.#statuses].map(([status, value]) => ({ labels: { ...this.#labels, status }, value }))
  }

  durations(): MetricValue[] {
    const labels = this.#labels
    let sum = 0
    const classes = [...this.#classes].map((count, at) => {
      sum += count
      const le = at < BOUNDS.length ? BOUNDS[at]! / 1000 : '+Inf'
      return { metricName: `${DURATION}_bucket`, labels: { ...labels, le }, value: sum }
    })
    return [
      ...classes,
      { metricName: `${DURATION}_sum`, labels, value: this.#milliseconds / 1000 },
      { metricName: `${DURATION}_count`, labels, value: sum },
    ]
  }
}

/** The meters of all routes. */
export class RequestMeters {
  readonly #meters = new Map<string, RouteMeter>()

  /** @param route a pattern, never an address as it was sent: there must be few */
  meter(route: string, method: string): RouteMeter {
    const key = `${method} ${route}`
    const known = this.#meters.get(key)
    if (known) return known
    const meter = new RouteMeter(route, method)
    this.#meters.set(key, meter)
    return meter
  }

  metrics(): Metric[] {
    const all = (values: (meter: RouteMeter) => MetricValue[]) => [...this.#meters.values()].flatMap(values)
    return [
      {
        name: 'tenantry_http_requests_total',
        help: 'Requests by route, method and status.',
        type: 'counter',
        aggregator: 'sum',
        values: () => all(meter => meter.requests()),
      },
      {
        name: DURATION,
        help: 'Seconds from the arrival of a request to its response.',
        type: 'histogram',
        aggregator: 'sum',
        values: () => all(meter => meter.durations()),
      },
    ]
  }
}
